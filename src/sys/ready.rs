//! What is waited for at a source, and what happened there, in words of no system.
//!
//! The numbers are those of the systems that have such bits, so that a conversion costs nothing; each
//! system's folder asserts that.

use std::ops::{BitOr, BitOrAssign};

/// Defines a set of bits with names.
macro_rules! bits {
    ($(#[$about:meta])* $name:ident { $($(#[$what:meta])* $bit:ident = $value:expr;)* }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub(crate) struct $name(u32);

        impl $name {
            /// None of them.
            pub(crate) const NOTHING: Self = Self(0);
            $($(#[$what])* pub(crate) const $bit: Self = Self($value);)*

            /// The bits of the set.
            #[inline]
            pub(in crate::sys) const fn bits(self) -> u32 {
                self.0
            }
        }

        impl BitOr for $name {
            type Output = Self;

            #[inline]
            fn bitor(self, other: Self) -> Self {
                Self(self.0 | other.0)
            }
        }

        impl BitOrAssign for $name {
            #[inline]
            fn bitor_assign(&mut self, other: Self) {
                self.0 |= other.0;
            }
        }
    };
}

bits! {
    /// What is waited for at a source. That it failed, or that nobody is at the other end any more, is told
    /// without being asked for.
    Want {
        /// That something can be read, or that there is an end.
        READ = 1;
        /// That a byte came out of band.
        URGENT = 1 << 1;
        /// That there is room to write.
        WRITE = 1 << 2;
        /// That the peer writes no more.
        END = 1 << 13;
        /// Of several pollers, those that wait with this need not all wake.
        SHARED = 1 << 28;
        /// Each new event once, instead of what holds for as long as it does. A read that fills less than its
        /// room has taken all there is (epoll(7), Q9).
        EDGE = 1 << 31;
    }
}

bits! {
    /// What happened at a source.
    Ready {
        /// Something can be read, or there is an end.
        READABLE = 1;
        /// A byte came out of band.
        URGENT = 1 << 1;
        /// There is room to write.
        WRITABLE = 1 << 2;
        /// It failed; of a pipe that is written to, that nobody reads.
        ERROR = 1 << 3;
        /// Nobody is at the other end any more.
        HANG_UP = 1 << 4;
        /// The peer writes no more.
        ENDED = 1 << 13;
    }
}

impl Ready {
    /// The set with these bits.
    #[inline]
    pub(in crate::sys) const fn from_bits(bits: u32) -> Self {
        Self(bits)
    }

    /// Whether nothing happened.
    #[inline]
    pub(crate) const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether all of this happened.
    #[inline]
    pub(crate) const fn contains(self, all: Self) -> bool {
        self.0 & all.0 == all.0
    }

    /// Whether any of this happened.
    #[inline]
    pub(crate) const fn intersects(self, any: Self) -> bool {
        self.0 & any.0 != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_happened_holds_in_part_or_as_a_whole() {
        let both = Ready::READABLE | Ready::HANG_UP;
        assert!(both.contains(Ready::READABLE) && both.contains(both));
        assert!(!Ready::READABLE.contains(both) && Ready::READABLE.intersects(both));
        assert!(!both.intersects(Ready::ERROR | Ready::WRITABLE));
        assert!(Ready::NOTHING.is_empty() && !both.is_empty());
        let mut noted = Ready::default();
        noted |= both;
        assert_eq!(noted, both);
    }
}
