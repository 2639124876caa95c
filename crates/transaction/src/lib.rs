//! SIP transactions: RFC 3261 section 17 as corrected by RFC 6026 and RFC 4320, without clock or socket.
//!
//! Four machines, four files (`invite_client`, `client`, `invite_server`, `server`, in the RFC's order), and
//! [`Transactions`], the table that finds the machine for a message. A [`Wheel`] holds all their timers.
//!
//! ```text
//!   transaction user (engine)
//!     │ send_request, cancel, respond            ▲ poll_output: Request, Ack, Cancelled, Response, TimedOut, …
//!   Transactions ── InviteClient, Client, InviteServer, Server
//!     ▲ on_message, on_flow_failed, on_timeout   │ poll_output: Transmit
//!   transport (server)
//! ```

mod branch;
mod client;
mod identity;
mod invite_client;
mod invite_server;
mod output;
mod receive;
mod server;
mod table;
#[cfg(test)]
mod testing;
mod timings;
mod wheel;
mod write;

pub use branch::ClientKey;
pub use output::{Cancelled, Full, Output, ServerKey};
pub use table::{Limits, Transactions};
pub use timings::Timings;
pub use wheel::{TimerId, Wheel};
pub use write::cancel_for;
