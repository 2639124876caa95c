//! Numbers, digits, dates and times as rows of prompts.
