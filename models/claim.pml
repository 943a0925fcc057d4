/* Who owns a name in the file system (src/transport/posix/claim.rs, src/transport/posix/named.rs): two servers that want one name, a
 * child of the first that adopts it or only holds what it inherited, and a program of another kind. Each may be killed
 * between any two steps; then another server comes, and has to get the name if nobody alive holds it.
 *
 * No two serve at one time; nobody removes the name of a server, or another program, that is alive; who serves has its name.
 *
 * Mutations that the search has to find, each a guard taken out:
 * MUTATION NO_SECOND_LOOK   whoever has locked a file does not look whether that still bears the lock's name
 * MUTATION NO_ADOPTION_LOCK those who share a lock over a fork adopt it without a lock among themselves
 * MUTATION NO_LOCK_AT_END   whoever frees a name does not take that lock
 * MUTATION NO_LOOK_AT_NAME  whoever adopts does not look whether the name is still there
 * MUTATION LOCK_GOES_FIRST  the lock file is removed before the name
 * MUTATION NO_RECORD        the lock file does not say which socket is a dead server's
 * MUTATION DEATH_BY_GUESS   a socket is taken for a dead server's since it answers nobody just now
 */
#define PARENT 0
#define RIVAL 1
#define CHILD 2
#define NEXT 3
#define PROCESSES 4
#define LOCKS 7
#define SOCKETS 5
#define FOREIGN 1 /* the other program's socket */

byte lock_at, name_at; /* the file that has this name; 0: none */

byte record[LOCKS];  /* the socket that a lock file says its holder made */
byte shares[LOCKS];  /* how many processes share the open file that has its flock(2) */
byte adopter[LOCKS]; /* who has its lock of the other kind (F_SETLK), less one */

bool listens[SOCKETS];
byte copies[SOCKETS]; /* how many processes have it open */
byte sockets = FOREIGN;

byte lock_of[PROCESSES], socket_of[PROCESSES]; /* what a process has open; 0: nothing */
bool has_flock[PROCESSES];
bool is_forked, hangs, has_next;
bool is_dead[PROCESSES], is_over[PROCESSES];
byte server; /* who serves, less one */

#define is_alive(socket) (copies[socket] > 0)
#define is_others(me, socket) \
    ((server != 0 && server != me + 1 && socket_of[server - 1] == socket) || (socket == FOREIGN && is_alive(FOREIGN)))

inline make_lock(to) {
    i = 1;
    do
    :: i == lock_at || i == lock_of[0] || i == lock_of[1] || i == lock_of[2] || i == lock_of[3] || i == extra -> i++
    :: else -> break
    od;
    assert(i < LOCKS);
    record[i] = 0; shares[i] = 0; adopter[i] = 0;
    to = i
}

inline close_lock(me) {
    i = lock_of[me];
    if
    :: i != 0 ->
        if :: has_flock[me] -> shares[i]-- :: else fi;
        if :: adopter[i] == me + 1 -> adopter[i] = 0 :: else fi
    :: else
    fi;
    lock_of[me] = 0; has_flock[me] = false; i = 0
}

inline close_all(me) {
    d_step {
        close_lock(me);
        if :: extra != 0 -> extra = 0 :: else fi;
        if :: socket_of[me] != 0 -> copies[socket_of[me]]--; socket_of[me] = 0 :: else fi;
        if :: server == me + 1 -> server = 0 :: else fi
    }
}

/* unlink(2) of the name, by somebody who thinks that it is his. */
inline unlink_name(me) {
    atomic {
        assert(name_at == 0 || !is_others(me, name_at));
        name_at = 0
    }
}

/* The lock; `ok`: it was free. */
inline take(me) {
    do
    :: d_step {
            has_made = lock_at == 0;
            if :: has_made -> make_lock(lock_at) :: else fi;
            lock_of[me] = lock_at; i = 0
        };
        d_step {
            ok = shares[lock_of[me]] == 0;
            if :: ok -> shares[lock_of[me]] = 1; has_flock[me] = true :: else -> close_lock(me) fi
        };
        if :: !ok -> break :: else fi;
#ifdef NO_SECOND_LOOK
        break
#else
        if
        :: lock_at == lock_of[me] -> break
        :: else -> d_step { close_lock(me) }
        fi
#endif
    od
}

/* What bears the name goes, if it is a dead server's. */
inline clear(me) {
    seen = name_at;
    if
    :: seen == 0
    :: else ->
#ifndef NO_RECORD
        if
        :: record[lock_of[me]] == seen
        :: else ->
#endif
#ifdef DEATH_BY_GUESS
            skip
#else
            ok = !(listens[seen] && is_alive(seen))
#endif
#ifndef NO_RECORD
        fi
#endif
        ;
        if
        :: ok && name_at == seen -> unlink_name(me)
        :: else
        fi
    fi;
    seen = 0
}

inline bind_name(me) {
    d_step {
        ok = name_at == 0;
        if :: ok -> sockets++; name_at = sockets; socket_of[me] = sockets; copies[sockets] = 1 :: else fi
    }
}

inline say_so(me) { record[lock_of[me]] = socket_of[me] }
inline let_in(me) { listens[socket_of[me]] = true }

/* Frees what is still this process's own. */
inline free(me) {
#ifndef NO_LOCK_AT_END
    d_step {
        ok = adopter[lock_of[me]] == 0 || adopter[lock_of[me]] == me + 1;
        if :: ok -> adopter[lock_of[me]] = me + 1 :: else fi
    };
#endif
    if
    :: ok && lock_at == lock_of[me] ->
#ifdef LOCK_GOES_FIRST
        lock_at = 0;
#endif
        if
        :: socket_of[me] != 0 && name_at == socket_of[me] -> unlink_name(me)
        :: else
        fi;
#ifndef LOCK_GOES_FIRST
        if :: has_made || socket_of[me] != 0 -> lock_at = 0 :: else fi
#endif
    :: else
    fi
}

/* A lock of this process's own in the place of one that is shared. */
inline replace(me) {
#ifndef NO_ADOPTION_LOCK
    d_step {
        ok = adopter[lock_of[me]] == 0 || adopter[lock_of[me]] == me + 1;
        if :: ok -> adopter[lock_of[me]] = me + 1 :: else fi
    };
#endif
    if :: ok -> ok = lock_at == lock_of[me] :: else fi;
    if
    :: ok ->
        d_step { make_lock(extra); shares[extra] = 1; record[extra] = record[lock_of[me]]; i = 0 };
        d_step { /* rename(2) */
            lock_at = extra; close_lock(me); lock_of[me] = lock_at; has_flock[me] = true; extra = 0
        }
    :: else
    fi
}

inline serve(me) {
    ok = true;
    if :: is_forked -> replace(me) :: else fi;
    if
    :: ok ->
#ifndef NO_LOOK_AT_NAME
        ok = name_at == socket_of[me];
#endif
        if
        :: ok ->
            atomic { assert(server == 0); server = me + 1 };
            assert(name_at == socket_of[me]);
            server = 0
        :: else
        fi;
        ok = true; free(me)
    :: else
    fi
}

inline create(me) {
    take(me);
    if
    :: ok ->
        clear(me);
        if :: ok -> bind_name(me) :: else fi;
        if
        :: ok ->
            say_so(me); let_in(me)
        :: else -> ok = true; free(me); ok = false
        fi
    :: else
    fi
}

proctype child() {
    byte i, extra, seen;
    bool ok, has_made;
    {
        if
        :: serve(CHILD)
        :: hangs = true;
end_it_waits:
            false /* and holds what it has until it dies */
        fi
    } unless { is_dead[CHILD] };
    close_all(CHILD);
    hangs = false; is_over[CHILD] = true
}

active proctype parent() {
    byte i, extra, seen;
    bool ok, has_made;
    {
        create(PARENT);
        if
        :: ok ->
            if
            :: atomic {
                    is_forked = true;
                    lock_of[CHILD] = lock_of[PARENT]; has_flock[CHILD] = true; shares[lock_of[PARENT]]++;
                    socket_of[CHILD] = socket_of[PARENT]; copies[socket_of[PARENT]]++;
                    run child()
                }
            :: true
            fi;
            if
            :: serve(PARENT)
            :: ok = true; free(PARENT) /* without having served */
            fi
        :: else
        fi
    } unless { is_dead[PARENT] };
    close_all(PARENT);
    is_over[PARENT] = true
}

active proctype rival() {
    byte i, extra, seen;
    bool ok, has_made;
    {
        create(RIVAL);
        if
        :: ok ->
            atomic { assert(server == 0); server = RIVAL + 1 };
            assert(name_at == socket_of[RIVAL]);
            server = 0;
            ok = true; free(RIVAL)
        :: else
        fi
    } unless { is_dead[RIVAL] };
    close_all(RIVAL);
    is_over[RIVAL] = true
}

/* A socket that is not listened to cannot be told from a dead one's, so this one is listened to from the first. */
active proctype foreign() {
    if
    :: atomic { name_at == 0 && !has_next -> name_at = FOREIGN; copies[FOREIGN] = 1; listens[FOREIGN] = true };
        copies[FOREIGN] = 0
    :: true
    fi
}

active proctype death() {
    if :: is_dead[PARENT] = true :: true fi;
    if :: is_dead[RIVAL] = true :: true fi;
    if
    :: true ->
end_no_child:
        is_forked;
        is_dead[CHILD] = true
    :: true
    fi
}

#define is_at_rest (is_over[PARENT] && is_over[RIVAL] && (!is_forked || is_over[CHILD] || hangs))
#define is_free ((lock_at == 0 || shares[lock_at] == 0) && !is_alive(FOREIGN))

active proctype next() {
    byte i, extra, seen;
    bool ok, has_made;
end_nobody_is_gone:
    atomic { is_at_rest && is_free -> has_next = true };
    create(NEXT);
    assert(ok);
    close_all(NEXT)
}
