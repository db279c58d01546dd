//! Connects meetings.
