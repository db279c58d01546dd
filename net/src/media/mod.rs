//! WebRTC media of one client: tracks sealed on the way out, opened on the way in.
