/* Threads that are inside a long handler are relieved (src/transport/reactor/{relief,wards,turns}.rs), over shared memory,
 * where a request is seen only by whoever looks or was rung for.
 *
 * Two threads, and a shard of thread 0 with two clients: S, whose handler takes until X has ROUNDS answers, and X. If
 * thread 0 is inside S's handler, X is answered only if thread 1 looks after the shard, at the right moments. A wake-up
 * that is lost is a state in which nobody can go on though a client waits: an invalid end state, which is what the search
 * looks for.
 *
 * Mutations that it has to find, each a guard taken out:
 * MUTATION NO_LOOK_BEHIND     whoever puts a peer back does not look at it once more
 * MUTATION NO_LOOK_AT_WARDS   a thread does not look at its wards once more before it sleeps
 * MUTATION NO_BELL            who is given a shard is not rung for
 * MUTATION NO_HAND_BACK       whoever leaves a ward with peers in line does not ring for the thread whose it is
 * MUTATION NO_RING_BEFORE     nor whoever begins a turn there though that thread is back
 */
#define NOBODY 2
#define ROUNDS 2
#define X 0
#define S 1

/* Of each client: */
bool asks[2];     /* there is a request in memory */
bool answered[2]; /* there is an answer in memory */
bool bell[2];     /* its bell's event is in the shard's poller */
bool out[2];      /* its peer has its turn on a thread that let go of the shard */
bool missed[2];   /* its event was taken while it was out */
bool queued[2];   /* its peer is in line */

bool locked;             /* the shard is in somebody's hands */
byte sleepers;           /* threads that sleep, as the clients read it */
bool desk[2];            /* the bells of the threads' desks */
bool is_nested;          /* the shard's poller is in that of thread 1 */
bool is_given;           /* the shard's number lies at the desk of thread 1 */
byte attendant = NOBODY; /* who looks after the shard */
bool is_inside;          /* thread 0 is inside a turn */
bool gate;               /* S's handler may end */
bool is_silent;          /* S asks nothing */
bool is_over;            /* both clients have all their answers */

#define is_rung (bell[X] || bell[S])
#define has_line (queued[X] || queued[S])
#define is_asked ((asks[X] && !out[X]) || (asks[S] && !out[S]))

inline take() { atomic { !locked -> locked = true } }
inline let_go() { locked = false }

/* Thread 0 serves its shard itself. */
inline dismiss_attendant() {
    atomic { if :: attendant != NOBODY -> attendant = NOBODY; is_nested = false :: else fi }
}

/* Takes an event, if there is one, and puts its peer in line. */
inline poll(c) {
    if
    :: bell[c] -> bell[c] = false;
        if :: out[c] -> missed[c] = true :: else -> queued[c] = true fi
    :: else
    fi
}

/* Puts a peer in line that asks in memory. */
inline look(c) {
    if :: asks[c] && !out[c] -> queued[c] = true :: else fi
}

/* The turn of a peer that is in line, on thread `me`, which has the shard in hand. */
inline turn(me, c) {
    out[c] = true; queued[c] = false;
    let_go();
    if
    :: me == 0 -> is_inside = true
    :: else ->
        skip;
#ifndef NO_RING_BEFORE
        if :: attendant != 1 -> desk[0] = true :: else fi
#endif
    fi;
    if
    :: asks[c] ->
        if :: c == S -> gate :: else fi;
        asks[c] = false; answered[c] = true
    :: else
    fi;
    if :: me == 0 -> is_inside = false; dismiss_attendant() :: else fi;
    take();
    out[c] = false;
    if :: missed[c] -> missed[c] = false; queued[c] = true :: else fi;
#ifndef NO_LOOK_BEHIND
    look(c)
#endif
}

active proctype owner() {
    take();
    do
    :: is_over -> break
    :: else ->
        look(X); look(S);
        if
        :: queued[X] -> turn(0, X)
        :: queued[S] -> turn(0, S)
        :: !has_line ->
            sleepers++;
            look(X); look(S);
            if
            :: has_line
            :: else ->
                let_go();
                is_rung || desk[0] || is_over;
                take()
            fi;
            sleepers--;
            poll(X); poll(S);
            desk[0] = false
        fi
    od;
    let_go()
}

active proctype other() {
    bool is_ward, must_look, has;
    do
    :: is_over -> break
    :: else ->
        if
        :: desk[1] -> desk[1] = false;
            if
            :: is_given -> is_given = false; is_nested = true; is_ward = true
            :: else
            fi
        :: else
        fi;
        must_look = false;
        if
        :: is_ward && attendant != 1 -> is_ward = false; is_nested = false
        :: is_ward && attendant == 1 ->
            atomic { has = !locked; if :: has -> locked = true :: else fi };
            if
            :: has ->
                look(X); look(S);
                poll(X); poll(S);
                if
                :: queued[X] -> turn(1, X)
                :: queued[S] -> turn(1, S)
                :: true /* its time for the ward is over */
                fi;
                if
                :: has_line -> must_look = true;
#ifndef NO_HAND_BACK
                    if :: attendant != 1 -> desk[0] = true :: else fi
#endif
                :: else
                fi;
                let_go()
            :: else
            fi
        :: else
        fi;
        if
        :: must_look
        :: else ->
            sleepers++;
#ifndef NO_LOOK_AT_WARDS
            if
            :: is_ward ->
                atomic { has = !locked; if :: has -> locked = true :: else fi };
                if
                :: has -> must_look = is_asked; let_go()
                :: else
                fi
            :: else
            fi;
#endif
            if
            :: must_look
            :: else -> desk[1] || (is_nested && is_rung) || is_over
            fi;
            sleepers--
        fi
    od
}

/* It looks once a millisecond; how long a turn has lasted is anybody's guess here. */
active proctype watch() {
    do
    :: is_over -> break
    :: atomic { is_inside && attendant == NOBODY -> attendant = 1; is_given = true };
#ifndef NO_BELL
        desk[1] = true
#endif
    od
}

inline ask(c) {
    asks[c] = true;
    asleep = sleepers;
    if :: asleep > 0 -> bell[c] = true :: else fi
}

active proctype client_x() {
    byte round, asleep;
    do
    :: round < ROUNDS -> ask(X); answered[X]; answered[X] = false; round++
    :: else -> break
    od;
    gate = true;
    answered[S] || is_silent;
    is_over = true
}

active proctype client_s() {
    byte asleep;
    if
    :: ask(S)
    :: is_silent = true
    fi
}
