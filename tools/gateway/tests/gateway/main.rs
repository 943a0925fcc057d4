//! The gateway itself, between servers of the library and a client of HTTP/2 that has no clock of its own.

mod calls;
mod codes;
mod deadlines;
mod ending;
mod health;
mod support;
