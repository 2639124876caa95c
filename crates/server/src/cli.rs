//! The command line. Its doc comments are the help.

use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;

/// A company's telephone exchange: phones register with it, TOML says how calls travel, and whoever calls gets an answer.
///
/// Without a command it runs the exchange of the folder `config/`. To try it, `vaihde setup office/` makes a small
/// office with accounts for softphones, and `vaihde run office/` runs it.
#[derive(Parser, Debug)]
#[command(version, name = "vaihde", disable_help_subcommand = true, max_term_width = 110)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// The folder with the configuration.
#[derive(Args, Debug, Clone)]
pub struct Folder {
    /// The folder with the configuration: every .toml file in it belongs to it.
    #[arg(default_value = "config", value_name = "FOLDER")]
    pub config: PathBuf,
}

/// What to do.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Run the exchange until it is told to stop.
    ///
    /// SIGTERM or Ctrl-C lets calls end within `limits.shutdown_wait`; a second one ends them at once. SIGHUP, or
    /// `vaihde reload`, reads the configuration again.
    Run(Folder),
    /// Read the configuration and show every mistake in it, with its line.
    Check(Folder),
    /// Print the configuration in force, with every default filled in. Secrets are not shown.
    Show(Folder),
    /// Print the manual of the configuration: every key, what it means and what holds where it is left out.
    Manual,
    /// Say what would happen to a call, step by step and why. Nothing rings.
    ///
    /// Example: vaihde explain --from anna --to 1002 --at "2026-07-14 10:00" --busy maija --away pekka
    Explain(Explain),
    /// Make the hash of a password or PIN, as the configuration holds it.
    ///
    /// Asks for the password; without a terminal it reads one line. With --new it invents one and prints it.
    Passwd(Passwd),
    /// Make a folder with a small office to try: configuration, accounts for softphones, their passwords.
    ///
    /// A folder that is set up already is left as it is; its accounts are printed again.
    Setup {
        /// The folder to make.
        #[arg(default_value = "config", value_name = "FOLDER")]
        folder: PathBuf,
    },
    /// Have the running exchange read its configuration again: all of it, or none if there is a mistake.
    Reload(Folder),
    /// Say how full the running exchange is.
    Status(Folder),
    /// List journeys: who called whom, and how it ended. Newest first.
    Journeys(Journeys),
    /// Tell one journey in plain words, with its SIP messages as a ladder.
    Journey {
        /// Its id, as `vaihde journeys` prints it.
        id: String,
        #[command(flatten)]
        folder: Folder,
        /// Without the ladder.
        #[arg(long)]
        no_ladder: bool,
    },
    /// Switch a person's do-not-disturb in the running exchange.
    Dnd {
        /// Their name in the configuration.
        person: String,
        /// Whether they are not to be disturbed.
        #[arg(value_enum)]
        switch: Switch,
        #[command(flatten)]
        folder: Folder,
    },
    /// End one journey of the running exchange, by its id.
    Hangup {
        /// Its id, as `vaihde journeys` prints it.
        id: String,
        #[command(flatten)]
        folder: Folder,
    },
}

/// On or off.
#[derive(clap::ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Switch {
    /// On.
    On,
    /// Off.
    Off,
}

/// A call that might be made.
#[derive(Args, Debug)]
pub struct Explain {
    /// Who calls: a person, a device, `trunk:NAME`, or a number outside.
    #[arg(long)]
    pub from: String,
    /// What they dial.
    #[arg(long)]
    pub to: String,
    /// When, in the office's time zone: "2026-07-14 10:00", "10:00" (today), "tue 10:00" (the next one). Left out: now.
    #[arg(long)]
    pub at: Option<String>,
    /// People who are talking.
    #[arg(long, value_delimiter = ',', value_name = "PEOPLE")]
    pub busy: Vec<String>,
    /// People who are away.
    #[arg(long, value_delimiter = ',', value_name = "PEOPLE")]
    pub away: Vec<String>,
    /// People none of whose devices is registered.
    #[arg(long, value_delimiter = ',', value_name = "PEOPLE")]
    pub offline: Vec<String>,
    /// People who asked not to be disturbed.
    #[arg(long, value_delimiter = ',', value_name = "PEOPLE")]
    pub dnd: Vec<String>,
    /// People who answer when their phones ring; all others let it ring.
    #[arg(long, value_delimiter = ',', value_name = "PEOPLE")]
    pub answers: Vec<String>,
    #[command(flatten)]
    pub folder: Folder,
}

/// Whose password.
#[derive(Args, Debug)]
pub struct Passwd {
    /// The device whose secret it is (or, with --pin, the mailbox).
    pub name: String,
    /// The user name that the phone sends, where it is not the device's name.
    #[arg(long)]
    pub user: Option<String>,
    /// The realm; left out: the `domain` of the configuration.
    #[arg(long)]
    pub realm: Option<String>,
    /// Invent a password (or PIN) and print it.
    #[arg(long)]
    pub new: bool,
    /// A mailbox's PIN instead of a device's password.
    #[arg(long)]
    pub pin: bool,
    #[command(flatten)]
    pub folder: Folder,
}

/// Which journeys.
#[derive(Args, Debug)]
pub struct Journeys {
    /// Those that began since: "08:00" (today), "2026-07-14", "2026-07-14 10:00", or a time ago such as "2h", "3d".
    #[arg(long)]
    pub since: Option<String>,
    /// Those from or to this number (its last digits are enough), or of callers with these letters in their name.
    #[arg(long)]
    pub number: Option<String>,
    /// At most so many.
    #[arg(long, default_value_t = 20)]
    pub limit: usize,
    #[command(flatten)]
    pub folder: Folder,
}

/// Reads the command line; ends the program with help where it cannot be read.
pub fn parse() -> Command {
    Cli::parse().command.unwrap_or(Command::Run(Folder { config: PathBuf::from("config") }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn the_folder_comes_last_and_may_be_left_out() {
        let folder = |words: &[&str]| match Cli::try_parse_from(words).unwrap().command {
            Some(Command::Run(folder) | Command::Journey { folder, .. } | Command::Dnd { folder, .. }) => folder.config,
            other => panic!("{other:?}"),
        };
        assert_eq!(folder(&["vaihde", "run"]), PathBuf::from("config"));
        assert_eq!(folder(&["vaihde", "journey", "0123456789abc", "office"]), PathBuf::from("office"));
        assert_eq!(folder(&["vaihde", "dnd", "anna", "on", "office"]), PathBuf::from("office"));
    }
}
