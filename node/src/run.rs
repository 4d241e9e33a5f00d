//! `jiaolian run`: the store, the Replica, links, pages and the doors for devices, wired together
//! in one process. Everything that needs no officer starts before anybody signs in: after a power
//! cut the node takes in reports and raises alarms by itself.

mod ready;
mod tip;

use crate::certificate::Stored;
use crate::config::{Config, LoadConfigError};
use crate::drill::{self, Drill};
use crate::event::Events;
use crate::gateway;
use crate::gateway::terminal::{self, TerminalDoor, Terms};
use crate::gateway::vendor::{self, Vendor};
use crate::hatch::{self, Hatch};
use crate::home::{CONFIG_FILE, Home, HomeError};
use crate::http::accept::{Bounds, serve, serve_tls};
use crate::http::lan::{self, Lan};
use crate::http::{App, Clock, router, sweep};
use crate::identity::{Identity, Superior};
use crate::key::KeyRing;
use crate::link::{Links, StartLinkError};
use crate::metric::Metrics;
use crate::notify::{OpenWaysError, Ways};
use crate::owner::{Node, Owner, Parts, StopError};
use crate::platform::{self, shutdown_signal};
use crate::store::StoreReader;
use crate::view::County;
use axum::Router;
use jiaolian_schema::rule::RulePack;
use jiaolian_sync::StoreError;
use ready::Ready;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;
use thiserror::Error;
pub(crate) use tip::judge;
use tokio::net::TcpListener;
use tokio::sync::watch;

/// Threads for links and pages; the state has one of its own.
const WORKERS: usize = 2;

/// Why a node did not start or stopped by itself.
#[derive(Debug, Error)]
pub enum RunError {
    /// The configuration is refused.
    #[error(transparent)]
    Config(#[from] LoadConfigError),
    /// The data directory can't be opened.
    #[error(transparent)]
    Home(#[from] HomeError),
    /// An address can't be listened at.
    #[error("nothing can be heard at {address}: {source}")]
    Bind {
        /// Where.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// Links can't be started.
    #[error(transparent)]
    Link(#[from] StartLinkError),
    /// The disk refused, or a change broke off: nothing more may be acknowledged.
    #[error(transparent)]
    Stopped(#[from] StopError),
    /// TLS can't be spoken.
    #[error(transparent)]
    Tls(#[from] rustls::Error),
    /// People who are not at a page can't be told.
    #[error(transparent)]
    Notify(#[from] OpenWaysError),
    /// What was owed can't be read.
    #[error("what was owed before can't be read: {0}")]
    Duty(#[from] StoreError),
    /// The system refused a thread or a signal.
    #[error("the system refused: {0}")]
    System(#[from] std::io::Error),
}

/// A node whose parts are started.
struct Started {
    owner: Owner<Node>,
    thread: JoinHandle<Result<(), StopError>>,
    links: Links,
    app: App,
    office: Identity,
    ways: Ways,
}

/// Runs the node of a data directory until it is told to stop or the disk refuses.
pub fn run(dir: &Path, json: bool) -> Result<(), RunError> {
    log_to_stderr();
    for area in platform::open_swap() {
        tracing::warn!("{}", platform::swap_sentence(&area));
    }
    let config = Config::load(&dir.join(CONFIG_FILE))?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(WORKERS)
        .enable_all()
        .build()?;
    let ended = runtime.block_on(live(dir, &config, json));
    // A modem may take minutes; what it was doing is made again at the next start.
    runtime.shutdown_background();
    ended
}

async fn live(dir: &Path, config: &Config, json: bool) -> Result<(), RunError> {
    let signalled = shutdown_signal()?;
    let started = start(dir, config).await?;
    let (stop, stopped) = watch::channel(false);
    let connections_max = usize::try_from(config.http.connections_max).unwrap_or(usize::MAX);
    let bounds = Bounds {
        header_wait_ms: config.http.header_timeout_s * 1_000,
        connections_max,
        per_address_max: (connections_max / 4).max(1),
        ..Bounds::STANDARD
    };
    let mut servers = Vec::new();
    let mut open = async |address: SocketAddr, router: Router| {
        let listener = listen(address).await?;
        let at = listener.local_addr()?;
        servers.push(tokio::spawn(serve(
            listener,
            router,
            bounds,
            stopped.clone(),
        )));
        Ok::<_, RunError>(at)
    };
    let mut ready = Ready::new(&started.office, &started.links);
    ready.http = Some(open(config.http.bind, router(started.app.clone())).await?);
    if let Some(drill) = &config.drill {
        let state = Drill::new(&started.app, &started.links, &drill.token);
        ready.drill = Some(open(drill.bind, drill::router(state)).await?);
    }
    servers.extend(open_devices(config, &started, &stopped, &mut ready).await?);
    if let Some(address) = config.http.lan {
        let listener = listen(address).await?;
        ready.lan = Some(listener.local_addr()?);
        lan::look(&started.app).await;
        let secured = started.app.lan.config()?;
        let pages = router(started.app.clone());
        let serving = serve_tls(listener, pages, bounds, secured, stopped.clone());
        servers.push(tokio::spawn(serving));
    }
    let listener = listen(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await?;
    let hatch = Hatch::open(dir, listener.local_addr()?)?;
    let commands = hatch::serve(listener, hatch, started.app.clone(), stopped.clone());
    servers.push(tokio::spawn(commands));
    let begun = started
        .owner
        .call(|node| node.begin_duty().map(|()| node.wake()))
        .await;
    let wake = match begun {
        Ok(begun) => begun?,
        Err(_) => Arc::default(),
    };
    servers.extend(started.ways.run(&started.owner, &wake, &stopped));
    let sweeping = tokio::spawn(sweep(started.app.clone()));
    let watching = tokio::spawn(lan::watch(started.app.clone()));
    ready.say(json)?;
    tokio::select! {
        signal = signalled => signal?,
        () = started.owner.ended() => {}
    }
    stop.send_replace(true);
    for server in servers {
        let _ = server.await;
    }
    sweeping.abort();
    watching.abort();
    let noted = started.owner.call(|node| {
        node.end_duty();
        node.note_stop();
    });
    let noted = noted.await;
    if noted.is_err() {
        tracing::warn!("the log does not tell of this stop");
    }
    started.links.close().await;
    let thread = started.thread;
    drop((started.owner, started.app));
    let ended = tokio::task::spawn_blocking(move || thread.join()).await;
    match ended {
        Ok(Ok(ended)) => Ok(ended?),
        _ => Err(StopError::Broken("the owner thread panicked".to_owned()).into()),
    }
}

/// Opens the doors for devices and for their makers' platforms, as the configuration has them.
async fn open_devices(
    config: &Config,
    started: &Started,
    stopped: &watch::Receiver<bool>,
    ready: &mut Ready,
) -> Result<Vec<tokio::task::JoinHandle<()>>, RunError> {
    let mut servers = Vec::new();
    let vendors = config.gateway.vendor.iter();
    let vendors = vendors.map(|vendor| Vendor::open(vendor).map(Arc::new));
    let vendors = vendors.collect::<Result<Vec<_>, _>>()?;
    let node = || (started.owner.clone(), Arc::clone(&started.app.metrics));
    for vendor in &vendors {
        let pulling = vendor::pull(Arc::clone(vendor), node(), stopped.clone());
        servers.push(tokio::spawn(pulling));
    }
    if let Some(address) = config.gateway.http_bind {
        let listener = listen(address).await?;
        ready.gateway = Some(listener.local_addr()?);
        let (devices, stopped) = (gateway::Limits::STANDARD, stopped.clone());
        let (node, vendors) = (node(), vendors.clone());
        servers.push(tokio::spawn(async move {
            gateway::serve_with(listener, node, devices, &vendors, stopped).await;
        }));
    }
    if let Some(door) = &config.gateway.jt808 {
        let listener = listen(door.bind).await?;
        ready.jt808 = Some(listener.local_addr()?);
        let terminals = TerminalDoor {
            terms: Terms::of(door),
            items: door.item_table()?,
            terminals: Arc::clone(&started.app.terminals),
        };
        let devices = gateway::Limits::STANDARD;
        let serving = terminal::serve(listener, node(), terminals, devices, stopped.clone());
        servers.push(tokio::spawn(serving));
    }
    Ok(servers)
}

async fn start(dir: &Path, config: &Config) -> Result<Started, RunError> {
    let cache_mib = u16::try_from(config.store.cache_mib).unwrap_or(u16::MAX);
    let (home, store) = Home::open(dir, cache_mib)?;
    check_drill(dir, config, &home.identity)?;
    let mut replica = home.replica(&store)?;
    let stored = Stored::open(dir, &home.ops, home.identity.office_id());
    let lan = Lan::new(stored, config.http.lan.is_some());
    let offset_ms = config
        .drill
        .as_ref()
        .map_or(0, |drill| drill.clock_offset_s * 1_000);
    let clock: Clock = Arc::new(move || jiff::Timestamp::now().as_millisecond() + offset_ms);
    if (clock)() < platform::CLOCK_MS_MIN {
        tracing::warn!("本机时间早于本程序问世之时，所记时间不可靠，请校准时间");
    }
    replica.set_gathering_sites(config.supervision.gathering_sites()?);
    let ways = Ways::open(&config.notify)?;
    let (tip, doubted) = judge(&home, &config.tip_path(), &mut replica);
    let (links, link_events) = Links::start(&config.link, &home.keys.transport).await?;
    let (events, metrics) = (
        Arc::new(Events::new((clock)())),
        Arc::new(Metrics::default()),
    );
    let disk: StoreReader = store.reader();
    let office = home.identity.clone();
    let keys = KeyRing::new(crate::command::cost(office.drill));
    let keys = Arc::new(keys.keeping_tries(dir, home.ops.clone()));
    let parts = {
        let (links, events, metrics) = (links.clone(), Arc::clone(&events), Arc::clone(&metrics));
        let (office, clock, own) = (office.clone(), Arc::clone(&clock), home.own_authors());
        let (known, always) = (ways.known(), config.notify.always);
        move || {
            let mut node = Node::new(Parts {
                replica,
                store,
                links: Some(links),
                rules: Arc::new(RulePack::builtin()),
                counties: Arc::new(County::demo()),
                events,
                metrics,
                office: office.office_id(),
                demo: office.drill,
                clock,
                tip,
            })
            .with_own(own, doubted)
            .with_root(office.root.clone());
            node.set_ways(known, always);
            node.allow_endpoints();
            (node, home)
        }
    };
    let (owner, thread) = Owner::start(
        move || {
            let (mut node, home) = parts();
            node.home = Some(home);
            node.note_start();
            node
        },
        Some(link_events),
    )?;
    dial(&links, config, office.superior.as_ref());
    let app = App::new(owner.clone(), (events, metrics), (keys, disk), clock, lan);
    Ok(Started {
        owner,
        thread,
        links,
        app,
        office,
        ways,
    })
}

/// A live office has no drill's door, whatever its configuration says; and what is shown to people as
/// a demonstration is one.
fn check_drill(dir: &Path, config: &Config, office: &Identity) -> Result<(), LoadConfigError> {
    let refused = |reason: String| {
        let file = dir.join(CONFIG_FILE).display().to_string();
        Err(LoadConfigError {
            file,
            line: 0,
            reason,
        })
    };
    if config.drill.is_some() && !office.drill {
        return refused(format!(
            "[drill] goes with a drill only; {} is live",
            office.name
        ));
    }
    if config.node.demo != office.drill {
        return refused(format!(
            "node.demo must be as the office was made, {}, not {}",
            office.drill, config.node.demo
        ));
    }
    Ok(())
}

/// Calls the office above and whom the configuration names besides.
fn dial(links: &Links, config: &Config, superior: Option<&Superior>) {
    if let Some(superior) = superior
        && let Some(endpoint) = superior.endpoint_id()
    {
        links.dial(endpoint, &superior.addrs);
    }
    for peer in config
        .link
        .peers
        .iter()
        .filter(|peer| !peer.addrs.is_empty())
    {
        links.dial(peer.id, &peer.addrs);
    }
}

async fn listen(address: SocketAddr) -> Result<TcpListener, RunError> {
    TcpListener::bind(address)
        .await
        .map_err(|source| RunError::Bind { address, source })
}

/// Logs to standard error; `JIAOLIAN_LOG` says how much.
fn log_to_stderr() {
    let filter = tracing_subscriber::EnvFilter::try_from_env("JIAOLIAN_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info,iroh=warn,noq=warn"));
    // A second call in one process keeps the first.
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .try_init();
}
