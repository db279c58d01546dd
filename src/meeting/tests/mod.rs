//! Hostile members, from inside.
