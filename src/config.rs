//! Every setting, its default and where it may come from: command line, environment, `dasan.toml`.
//! Never the city itself.

use anyhow::{Context, Result, bail};
use center::network::Network;
use clap::{Args, Parser, Subcommand, ValueEnum};
use serde::Deserialize;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use store::Place;

/// A city's single number: telephone, desk, record and statistics in one program.
#[derive(Parser)]
#[command(version, args_conflicts_with_subcommands = true)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Option<Command>,
    #[command(flatten)]
    pub serve: Serve,
}

#[derive(Subcommand)]
pub enum Command {
    /// Run the center (also without any subcommand).
    Serve(Serve),
    /// Play simulated days and check that everything holds; exit 0 only if it does.
    Simulate(Simulate),
    /// Count everything again and compare; exit 0 and `clean`, or each difference named.
    Audit(Audit),
    /// Measure this machine; prints `name=value` pairs.
    Bench(Bench),
    /// Measure how good answers are; prints `name=value` pairs.
    #[command(subcommand)]
    Evaluate(Evaluate),
}

#[derive(Args, Clone, Default)]
pub struct Serve {
    /// Folder of the record, recordings, key and city [default: data].
    #[arg(long, env = "DASAN_DATA", value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Address of the pages [default: 127.0.0.1:8120].
    #[arg(long, env = "DASAN_WEB", value_name = "ADDR")]
    pub web: Option<SocketAddr>,
    /// Address of SIP, UDP and TCP [default: 127.0.0.1:5060, or the next free port].
    #[arg(long, env = "DASAN_SIP", value_name = "ADDR")]
    pub sip: Option<SocketAddr>,
    /// `postgres://…` instead of SQLite in the data folder.
    #[arg(long, env = "DASAN_DATABASE", value_name = "URL")]
    pub database: Option<String>,
    /// Take simulated citizens and counselors on the loopback address (for `simulate --live`).
    #[arg(long, env = "DASAN_SIMULATION")]
    pub simulation: bool,
}

#[derive(Args)]
pub struct Simulate {
    /// Seed: the same seed gives the same day.
    #[arg(long)]
    pub seed: u64,
    /// Weekdays.
    #[arg(long, default_value_t = 1)]
    pub days: u32,
    /// Play into a running center, for example `http://127.0.0.1:8120`.
    #[arg(long, value_name = "URL")]
    pub live: Option<String>,
    /// How many times faster than the clock with `--live`.
    #[arg(long, default_value_t = 1.0)]
    pub speed: f64,
}

#[derive(Args)]
pub struct Audit {
    /// Folder of the record [default: data].
    #[arg(long, env = "DASAN_DATA", value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// `postgres://…` instead of SQLite in the data folder.
    #[arg(long, env = "DASAN_DATABASE", value_name = "URL")]
    pub database: Option<String>,
}

#[derive(Args)]
pub struct Bench {
    /// What to measure: all of `routing`, `contacts`, `calls`, `texts`, `chats`, `pages`, `search`
    /// when none is named.
    pub what: Vec<String>,
    /// Also measure on PostgreSQL.
    #[arg(long, env = "DASAN_DATABASE", value_name = "URL")]
    pub database: Option<String>,
    /// Contacts in the store for `pages`.
    #[arg(long, default_value_t = 200_000)]
    pub contacts: u64,
    /// Articles in the index for `search`.
    #[arg(long, default_values_t = [50_000, 500_000], value_delimiter = ',')]
    pub articles: Vec<u64>,
    /// Internal: be the callers and headsets of `calls`, or who chats and reads in `chats`.
    #[arg(long, hide = true, value_name = "ADDR")]
    pub generator: Option<String>,
}

#[derive(Subcommand)]
pub enum Evaluate {
    /// Ask the questions of a list and count which find their answers.
    Search(EvaluateSearch),
}

#[derive(Args)]
pub struct EvaluateSearch {
    /// CSV with a header: 제목 and 내용, title and content_text, or question and answer; a column
    /// `language` is heeded.
    pub file: PathBuf,
    /// What is indexed.
    #[arg(long, value_enum, default_value_t = Indexed::Body)]
    pub fields: Indexed,
    /// Ask without spaces.
    #[arg(long)]
    pub no_spaces: bool,
    /// Leave one syllable out of each question.
    #[arg(long, conflicts_with = "wrong_syllable")]
    pub drop_syllable: bool,
    /// Type one syllable of each question wrong.
    #[arg(long)]
    pub wrong_syllable: bool,
    /// Leave a step of the ranking out; several times for several.
    #[arg(long, value_name = "STEP")]
    pub without: Vec<String>,
    /// Search with a table of synonyms: a CSV with columns word and means.
    #[arg(long, value_name = "FILE")]
    pub synonyms: Option<PathBuf>,
}

/// Parts of an article that are indexed in an evaluation.
#[derive(Clone, Copy, Eq, PartialEq, ValueEnum)]
pub enum Indexed {
    /// The answer alone.
    #[value(name = "body")]
    Body,
    /// The question as title, and the answer.
    #[value(name = "title,body")]
    TitleAndBody,
}

/// `dasan.toml`, in the working folder or the data folder. Every key may be missing.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct File {
    pub data: Option<PathBuf>,
    pub web: Option<SocketAddr>,
    pub sip: Option<SocketAddr>,
    pub database: Option<String>,
    /// Pages are reached by https through a proxy: cookies insist on it.
    pub https: bool,
    /// The machines of that proxy: whom they say a request came from is believed, as it stands in
    /// `X-Forwarded-For`. Without them all who come through it count as one address.
    pub proxies: Vec<Network>,
    /// TLS without a proxy.
    pub tls: Option<TlsFile>,
    /// The address of the pages as citizens reach them, for links in messages.
    pub origin: Option<String>,
    /// Opens the floor for a wall screen by `/floor?key=…`.
    pub kiosk: Option<String>,
    /// Number people dial.
    pub number: Option<String>,
    pub telephony: TelephonyFile,
    /// SMS and MMS, social networks, mail.
    pub messaging: messaging::settings::Settings,
}

/// The part of `dasan.toml` about https.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsFile {
    /// Certificate of this house and those between it and the authority, in PEM; read again when it
    /// is renewed. Names are taken from the data folder.
    pub certificate: PathBuf,
    /// Its private key, in PEM.
    pub key: PathBuf,
    /// A plain address that sends everybody on to https. It also shows what a client of ACME writes
    /// into the folder `acme` (`certbot certonly --webroot -w DATA/acme`).
    pub redirect: Option<SocketAddr>,
}

/// The part of `dasan.toml` about lines.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TelephonyFile {
    /// Country code for numbers in national form, without `+`.
    pub country_code: Option<String>,
    /// Address in SDP and ICE candidates.
    pub media_ip: Option<IpAddr>,
    /// First and last RTP port.
    pub rtp_ports: Option<(u16, u16)>,
    /// Port of the one WebRTC socket; 0 or none takes a free one.
    pub webrtc_port: Option<u16>,
    /// Whether talks are recorded.
    pub record: Option<bool>,
    /// Days a recording is kept, instead of what `city.toml` says.
    pub keep_days: Option<u16>,
    /// Who may call in; none means loopback only.
    pub trunk: Vec<TrunkFile>,
    /// Ways out; none means that no call leaves the house.
    pub route: Vec<RouteFile>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrunkFile {
    pub name: String,
    pub sources: Vec<Network>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RouteFile {
    pub prefix: String,
    pub target: SocketAddr,
    pub caller_id: String,
}

/// Settings after the three sources were put together.
#[derive(Clone, Debug)]
pub struct Settings {
    pub place: Place,
    pub web: SocketAddr,
    pub sip: SocketAddr,
    /// The SIP port was not named: another is taken when it is busy.
    pub sip_may_move: bool,
    pub simulation: bool,
    pub file: File,
}

impl Settings {
    /// Puts command line, environment and file together, in this order of weight.
    pub fn new(serve: &Serve) -> Result<Settings> {
        let file = File::find(serve.data.as_deref())?;
        let web = serve
            .web
            .or(file.web)
            .unwrap_or(([127, 0, 0, 1], 8120).into());
        let sip = serve.sip.or(file.sip);
        Ok(Settings {
            place: place(
                serve.data.clone().or(file.data.clone()),
                serve.database.clone().or(file.database.clone()),
            )?,
            web,
            sip: sip.unwrap_or(([127, 0, 0, 1], 5060).into()),
            sip_may_move: sip.is_none(),
            simulation: serve.simulation,
            file,
        })
    }
}

/// Days that a recording may be kept: a century, as for the city.
const KEEP_DAYS: std::ops::RangeInclusive<u16> = 1..=36_500;
/// Ports below are the system's own.
const PORT_MIN: u16 = 1_024;

impl TelephonyFile {
    /// The first thing that is wrong, with its key.
    fn check(&self) -> Result<()> {
        if let Some(days) = self.keep_days.filter(|days| !KEEP_DAYS.contains(days)) {
            let (least, most) = KEEP_DAYS.into_inner();
            bail!("telephony.keep_days: {days} is not between {least} and {most}");
        }
        if let Some((first, last)) = self.rtp_ports
            && (first < PORT_MIN || last <= first)
        {
            bail!("telephony.rtp_ports: {first} to {last} are no two ports from {PORT_MIN} on");
        }
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        if let Some(code) = &self.country_code
            && (!digits(code) || code.len() > 3)
        {
            bail!("telephony.country_code: `{code}` is not one to three digits");
        }
        for trunk in &self.trunk {
            if trunk.sources.is_empty() {
                bail!(
                    "telephony.trunk `{}`: sources: nobody could call",
                    trunk.name
                );
            }
        }
        for route in &self.route {
            let named = route.prefix.strip_prefix('+').is_some_and(digits);
            if !named {
                let prefix = &route.prefix;
                bail!("telephony.route: prefix: `{prefix}` is not like `+82`");
            }
            if route.target.port() == 0 || route.target.ip().is_unspecified() {
                bail!("telephony.route: target: {} is nowhere", route.target);
            }
        }
        Ok(())
    }
}

impl File {
    fn read(text: &str) -> Result<File> {
        let file: File = toml::from_str(text)?;
        file.telephony.check()?;
        Ok(file)
    }

    /// Reads `dasan.toml` of the working folder, else of the data folder, else nothing.
    fn find(data: Option<&Path>) -> Result<File> {
        let folders = [Some(Path::new(".")), data.or(Some(Path::new("data")))];
        for folder in folders.into_iter().flatten() {
            let path = folder.join("dasan.toml");
            match std::fs::read_to_string(&path) {
                Ok(text) => return File::read(&text).with_context(|| path.display().to_string()),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => return Err(error).with_context(|| path.display().to_string()),
            }
        }
        Ok(File::default())
    }
}

/// Where the record is kept.
pub fn place(data: Option<PathBuf>, database: Option<String>) -> Result<Place> {
    let folder = data.unwrap_or_else(|| PathBuf::from("data"));
    match database {
        None => Ok(Place::Folder(folder)),
        Some(url) if url.starts_with("postgres://") || url.starts_with("postgresql://") => {
            Ok(Place::Postgres { url, folder })
        }
        Some(_) => bail!("the database must be given as postgres://…"),
    }
}

impl Audit {
    /// The record to audit.
    pub fn place(&self) -> Result<Place> {
        let file = File::find(self.data.as_deref())?;
        place(
            self.data.clone().or(file.data),
            self.database.clone().or(file.database),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
        let plain = Cli::try_parse_from(["dasan", "--web", "127.0.0.1:0"]).ok();
        assert!(plain.is_some_and(|cli| cli.command.is_none() && cli.serve.web.is_some()));
    }

    #[test]
    fn a_misspelt_key_and_a_strange_database_are_named() {
        let wrong = File::read("dta = \"x\"");
        assert!(wrong.is_err_and(|error| error.to_string().contains("dta")));
        assert!(place(None, Some("mysql://x".to_owned())).is_err());
    }

    #[test]
    fn lines_that_nobody_can_mean_are_named_with_their_key() {
        let route = "[[telephony.route]]\ncaller_id = \"+82120\"\n";
        let cases = [
            ("[telephony]\nkeep_days = 0", "telephony.keep_days: 0"),
            (
                "[telephony]\nkeep_days = 65535",
                "telephony.keep_days: 65535",
            ),
            (
                "[telephony]\nrtp_ports = [40000, 30000]",
                "telephony.rtp_ports",
            ),
            (
                "[telephony]\nrtp_ports = [80, 30000]",
                "telephony.rtp_ports",
            ),
            (
                "[telephony]\ncountry_code = \"+82\"",
                "telephony.country_code",
            ),
            (
                "[[telephony.trunk]]\nname = \"carrier\"\nsources = []",
                "telephony.trunk `carrier`: sources",
            ),
            (
                "[[telephony.trunk]]\nname = \"carrier\"\nsources = [\"192.0.2.0/33\"]",
                "`192.0.2.0/33` is not an address or a network",
            ),
            (
                "proxies = [\"proxy.example\"]",
                "`proxy.example` is not an address or a network",
            ),
            (
                // Every number begins with nothing: this way out would be open to all of them.
                &format!("{route}prefix = \"\"\ntarget = \"192.0.2.1:5060\""),
                "telephony.route: prefix: ``",
            ),
            (
                &format!("{route}prefix = \"+\"\ntarget = \"192.0.2.1:5060\""),
                "telephony.route: prefix: `+`",
            ),
            (
                &format!("{route}prefix = \"+82\"\ntarget = \"0.0.0.0:5060\""),
                "telephony.route: target",
            ),
            (
                // Calls go out over UDP; whoever asks for another way is told so at the start.
                &format!(
                    "{route}prefix = \"+82\"\ntarget = \"192.0.2.1:5060\"\ntransport = \"tcp\""
                ),
                "unknown field `transport`",
            ),
        ];
        for (text, expected) in cases {
            let message = format!("{:#}", File::read(text).expect_err(text));
            assert!(message.contains(expected), "{text}: {message}");
        }
        let right = format!("{route}prefix = \"+82\"\ntarget = \"192.0.2.1:5060\"");
        assert!(File::read(&right).is_ok());
    }
}
