/* The gate between forks and the moments that make and close descriptors (src/sys/linux/gate.rs), without its patience:
 * nobody goes on because time is over. What sleeps, sleeps on a number that changes (futex(2)).
 *
 * No fork happens while a descriptor is made and not noted, and everybody is through at the end: a wake-up that is lost
 * is an invalid end state.
 *
 * Mutations that the search has to find, each a guard taken out:
 * MUTATION NO_GATE            who makes a descriptor does not go in
 * MUTATION NO_WAIT            who forks does not wait for those inside
 * MUTATION NO_WAKE_BY_LEAVING the last to leave does not wake who forks
 * MUTATION NO_WAKE_BY_OPENING who has forked does not wake those who wait
 * MUTATION NO_WAKE_BY_LET_IN  who was let in does not wake a fork that let them in first
 */
#define MAKERS 3
#define FORKERS 2
#define ROUNDS 1

byte inside, waiting, forking; /* the three counts of STATE */
byte changes;                  /* CHANGES */
byte unnoted;                  /* descriptors that were made and are not noted */

inline changed() { changes++ }

/* Sleeps while the number is what it was before the state was looked at. */
#define SLEEP(seen) (changes != seen)

active [MAKERS] proctype maker() {
    byte round, seen;
    bool is_in;
    do
    :: round == ROUNDS -> break
    :: else ->
#ifndef NO_GATE
        is_in = false;
        atomic { if :: forking == 0 -> inside++; is_in = true :: else fi };
        if
        :: is_in
        :: else ->
            waiting++;
            do
            :: is_in -> break
            :: else ->
                seen = changes;
                atomic { if :: forking == 0 -> waiting--; inside++; is_in = true :: else fi };
                if :: is_in :: else -> SLEEP(seen) fi
            od;
#ifndef NO_WAKE_BY_LET_IN
            changed()
#endif
        fi;
#endif
        unnoted++;
        unnoted--;
#ifndef NO_GATE
        bool must_wake;
        atomic { inside--; must_wake = forking > 0 };
#ifndef NO_WAKE_BY_LEAVING
        if :: must_wake -> changed() :: else fi;
#endif
#endif
        round++
    od
}

active [FORKERS] proctype forker() {
    byte round, seen;
    bool is_shut, must_wake;
    do
    :: round == ROUNDS -> break
    :: else ->
        is_shut = false;
        do
        :: is_shut -> break
        :: else ->
            seen = changes;
            atomic { if :: waiting == 0 -> forking++; is_shut = true :: else fi };
            if :: is_shut :: else -> SLEEP(seen) fi
        od;
#ifndef NO_WAIT
        do
        :: seen = changes;
            if
            :: inside == 0 -> break
            :: else -> SLEEP(seen)
            fi
        od;
#endif
        assert(unnoted == 0); /* the fork */
        atomic { forking--; must_wake = waiting > 0 };
#ifndef NO_WAKE_BY_OPENING
        if :: must_wake -> changed() :: else fi;
#endif
        round++
    od
}
