//! A relay for incamera meetings: it orders what members post and forwards what they send, and
//! holds no key.

mod media;
mod store;
