/* How a client of FIFOs and a server find each other (src/transport/posix/fifo/): the client makes two FIFOs of its own, for answers and
 * requests, and writes its id to the server's hello FIFO; the server opens both, removes their names and writes a
 * welcome. Clients and servers die between any two steps, and when a server is dead, the next one comes.
 *
 * No client waits for ever: that would be an invalid end state. None sees an end while the server that it came to
 * lives. And what the dead leave behind is found by the next server.
 *
 * Mutations that the search has to find, each a guard taken out:
 * MUTATION NO_SWEEP         a server does not look at the pairs that are there when it begins
 * MUTATION SWEEP_LATE       it does so when clients may come already
 * MUTATION CLOSED_TOO_EARLY it does not have the answers open while their name goes
 * MUTATION FOUND_BY_ANSWERS it does not find requests without answers
 * MUTATION NO_LOOK_AT_HELLO a client that waits does not look whether anybody reads the hello FIFO
 * MUTATION READ_EARLY       it takes the absence of a writer for the end before one has come
 */
#define CLIENTS 2
#define SERVERS 2

chan hello = [CLIENTS] of { byte }; /* records in the hello FIFO */
byte hello_readers, hello_writers;
bool is_served; /* the lock: one server at a time */
byte deaths;    /* of servers */
bool is_dead[SERVERS];
bool is_last;

/* Of each client's pair: */
bool answers_name[CLIENTS], requests_name[CLIENTS];
bool is_reading[CLIENTS];  /* the client has the answers open */
byte writers[CLIENTS];     /* who has them open for writing */
bool had_writer[CLIENTS];  /* when, or since, the client opened them */
bool is_welcome[CLIENTS];  /* the notice is in the FIFO */
bool is_gone[CLIENTS];

/* poll(2): a hang-up shows only once a writer was there. */
#define has_end(c) (writers[c] == 0 && had_writer[c])

#ifdef NO_LOOK_AT_HELLO
#define is_nobody_there false
#else
#define is_nobody_there (hello_readers == 0)
#endif

/* What is in a FIFO that nobody has open is lost. */
inline forget() {
    do
    :: hello_readers + hello_writers == 0 && len(hello) > 0 -> hello?_
    :: else -> break
    od
}

inline remove_names(c) {
    requests_name[c] = false;
    answers_name[c] = false
}

/* The pairs that are there lose their names; one whose client lives sees a writer come and go. */
inline sweep() {
    byte place = 0;
    do
    :: place == CLIENTS -> break
    :: else ->
        if
        :: atomic { answers_name[place] -> writers[place]++; had_writer[place] = true; held[place]++ };
#ifdef CLOSED_TOO_EARLY
            atomic { writers[place]--; held[place]-- };
            remove_names(place)
#else
            remove_names(place);
            atomic { writers[place]--; held[place]-- }
#endif
#ifndef FOUND_BY_ANSWERS
        :: atomic { !answers_name[place] && requests_name[place] -> skip };
            remove_names(place)
#endif
        :: else
        fi;
        place++
    od;
    place = 0
}

proctype client(byte c) {
    bool has_hello, has_names, is_unheard, has_ended;
    byte before;
    {
        atomic {
            if
            :: hello_readers > 0 -> hello_writers++; has_hello = true; before = deaths
            :: else -> goto leaves
            fi
        };
        has_names = true;
        answers_name[c] = true;
        atomic { if :: answers_name[c] -> is_reading[c] = true; had_writer[c] = writers[c] > 0 :: else -> goto leaves fi };
        requests_name[c] = true;
        if :: requests_name[c] :: else -> goto leaves fi;
        atomic { if :: hello_readers > 0 -> hello!c :: else -> goto leaves fi };
        do
        ::
            is_unheard = is_nobody_there;
            atomic {
                if
                :: is_welcome[c] -> break
                :: else ->
                    if
#ifdef READ_EARLY
                    :: writers[c] == 0 -> has_ended = true; break
#endif
                    :: has_end(c) || is_unheard -> has_ended = true; break
                    :: else
                    fi
                fi
            };
            is_welcome[c] || has_end(c) || is_nobody_there /* poll(2) */
        od;
        assert(!has_ended || deaths > before);
        if
        :: !has_ended ->
            atomic { hello_writers--; has_hello = false; has_names = false; forget() };
            if
            :: has_end(c) -> assert(deaths > before)
            :: true
            fi
        :: else
        fi;
leaves:
        if :: has_names -> remove_names(c) :: else fi
    } unless { is_gone[c] };
    atomic {
        is_gone[c] = true;
        is_reading[c] = false;
        if :: has_hello -> hello_writers--; has_hello = false; forget() :: else fi
    }
}

proctype server(byte me) {
    byte held[CLIENTS];
    byte c;
    bool is_left;
end_waits:
    atomic { !is_served && !is_last -> is_served = true };
    {
#if !defined(NO_SWEEP) && !defined(SWEEP_LATE)
        sweep();
#endif
        hello_readers++;
#ifdef SWEEP_LATE
        sweep();
#endif
end_idle:
        do
        :: hello?c ->
            atomic {
                is_left = !answers_name[c] || !is_reading[c];
                if :: !is_left -> writers[c]++; had_writer[c] = true; held[c]++ :: else fi
            };
            if
            :: is_left -> remove_names(c)
            :: else ->
                atomic {
                    if
                    :: requests_name[c] && answers_name[c] -> writers[c]++; held[c]++
                    :: else -> is_left = true
                    fi
                };
                if :: is_left :: else -> remove_names(c); is_welcome[c] = true fi;
                atomic { writers[c]--; held[c]-- }
            fi;
            is_left = false
        od
    } unless { is_dead[me] };
    atomic {
        if :: hello_readers > 0 -> hello_readers-- :: else fi;
        c = 0;
        do
        :: c == CLIENTS -> break
        :: else -> writers[c] = writers[c] - held[c]; held[c] = 0; c++
        od;
        deaths++;
        is_served = false;
        forget()
    }
}

/* One of two alike may die. */
proctype death_of_client() {
    if :: is_gone[0] = true :: true fi
}

proctype death_of_servers() {
    byte c;
    do
    :: c == SERVERS -> break
    :: c < SERVERS -> is_dead[c] = true; c++
    :: c < SERVERS -> c++
    od
}

init {
    byte held[CLIENTS];
    byte c;
    atomic {
        c = 0;
        do
        :: c == SERVERS -> break
        :: else -> run server(c); c++
        od;
        c = 0;
        do
        :: c == CLIENTS -> break
        :: else -> run client(c); c++
        od;
        c = 0
    };
    run death_of_client();
    run death_of_servers();
    /* What is left when all are gone, the next server finds. */
end_somebody_lives:
    atomic { !is_served && is_gone[0] && is_gone[1] && !is_reading[0] && !is_reading[1] -> is_last = true };
    sweep();
    assert(!answers_name[0] && !requests_name[0] && !answers_name[1] && !requests_name[1])
}
