//! Whole calls through the exchange as SIP ladders in virtual time: one file for each thing that an office does.

mod basic;
mod crossing;
mod early;
mod groups;
mod hold;
mod office;
mod people;
mod register;
mod strange;
mod timers;
mod transport;
mod trunks;
mod voicemail;
