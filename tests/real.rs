//! The suite that needs the real Fief.
