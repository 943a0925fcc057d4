//! Puts the gateway together, and serves until it is told to end.

use crate::cli::{Cli, Limits, Unlistenable};
use crate::egress::{Egress, Remote, Target};
use crate::guard::Guard;
use crate::ingress::{self, Health, Ingress, Observer, Path};
use crate::metrics::{Metrics, Page};
use crate::pool::{Backend, Pool, Probe, Settings};
use crate::proto::{bytes_server, calculator_server};
use crate::reflection::{self, Descriptors, Manner};
use crate::serve::{self, Ended};
use calc_ipc::transport::Address;
use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Write as _};
use std::process::ExitCode;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::JoinSet;
use tonic::service::Routes;

/// Why the gateway could not serve, or not to the end.
#[derive(Debug)]
pub enum Failure {
    /// The command line makes no sense.
    Usage(String),
    /// What was asked could not be done.
    Other(String),
}

impl Failure {
    fn io(what: &str, cause: &io::Error) -> Self {
        Self::Other(format!("{what}: {cause}"))
    }

    /// The exit status that tells of it.
    pub fn exit(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::Usage(_) => 2,
            Self::Other(_) => 1,
        })
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(what) | Self::Other(what) => f.write_str(what),
        }
    }
}

/// Serves as the command line says, until SIGTERM or SIGINT, and what runs then to its end.
pub fn run(cli: &Cli) -> Result<(), Failure> {
    cli.check().map_err(Failure::Usage)?;
    let runtime = runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|cause| Failure::io("cannot start threads", &cause))?;
    let ended = runtime.block_on(async {
        match (&cli.serve, &cli.to) {
            (Some(address), Some(target)) => serve_backwards(cli, address, target).await,
            _ => serve(cli).await,
        }
    });
    // Nothing that still runs is waited for: a probe may be stuck in connect(2).
    runtime.shutdown_background();
    ended
}

async fn serve(cli: &Cli) -> Result<(), Failure> {
    let mut signals =
        Signals::new().map_err(|cause| Failure::io("cannot watch signals", &cause))?;
    let addresses = cli.addresses().map_err(|error| match error {
        Unlistenable::Exposed(what) => Failure::Usage(what),
        Unlistenable::Unknown(what) => Failure::Other(what),
    })?;
    let guard = Guard::open(&cli.guard).map_err(Failure::Other)?;
    let descriptors = Descriptors::open(&cli.protoset).map_err(Failure::Usage)?;
    let services = Services::open(cli, &descriptors)?;
    let page = services.page(cli, &descriptors).await?;
    let listener = TcpListener::bind(&*addresses).await;
    let listen = cli.listen.as_deref().unwrap_or_default();
    let cannot = |cause| Failure::io(&format!("cannot listen on {listen}"), &cause);
    let listener = listener.map_err(cannot)?;
    let address = listener.local_addr().map_err(cannot)?;

    let health = Health::new(services.health.clone());
    let mut background = watch_backends(&services.backends, &cli.limits).await;
    health.report().await;
    background.spawn(health.clone().keep_reporting());
    if cli.guard.has_files() {
        let guard = guard.clone();
        background.spawn(reload_on_hangup(hangup()?, move || guard.reload()));
    }
    let routes = health.serve(services.routes);
    let ingress = Ingress::new(routes, guard.clone(), cli.limits.max_timeout());
    let ingress = ingress.observed_by(Observer::new(page.as_ref().map(Page::metrics)));

    say(&format!("listening on {address}"));
    // It goes on while calls end.
    let _page = page.map(serve_page).transpose()?;
    let begin_drain = async {
        signals.next().await;
        background.shutdown().await;
        health.end().await;
    };
    let server = serve::until(listener, guard, ingress, begin_drain).await;
    let ended = tokio::select! {
        ended = server.drain(cli.limits.grace()) => ended,
        () = signals.next() => Ended::Cut,
    };
    match ended {
        Ended::Drained => Ok(()),
        Ended::Cut => Err(cut()),
    }
}

/// Serves calc_ipc, and asks a gRPC server.
async fn serve_backwards(cli: &Cli, address: &Address, target: &Target) -> Result<(), Failure> {
    let mut signals =
        Signals::new().map_err(|cause| Failure::io("cannot watch signals", &cause))?;
    let remote = Remote::open(target.clone(), cli).map_err(Failure::Other)?;
    let failure = |error| Failure::Other(format!("{address}: {error}"));
    let mut background = JoinSet::new();
    if cli.tls_ca.is_some() {
        let remote = remote.clone();
        background.spawn(reload_on_hangup(hangup()?, move || remote.reload()));
    }
    let egress = Egress::open(address, remote, cli).map_err(failure)?;
    say(&format!("listening on {}", egress.address));
    signals.next().await;
    let is_drained = tokio::select! {
        is_drained = egress.drain(cli.limits.grace()) => is_drained,
        () = signals.next() => false,
    };
    let stopped = egress.stop();
    match is_drained {
        true => stopped.map_err(failure),
        false => Err(cut()),
    }
}

fn cut() -> Failure {
    Failure::Other("ended before all calls had".to_owned())
}

fn hangup() -> Result<Signal, Failure> {
    signal(SignalKind::hangup()).map_err(|cause| Failure::io("cannot watch signals", &cause))
}

/// Reads files anew whenever it is told to.
async fn reload_on_hangup(
    mut hangup: Signal,
    reload: impl Fn() -> Result<(), String> + Send + Sync,
) {
    while hangup.recv().await.is_some() {
        match reload() {
            Ok(()) => tracing::info!("certificates and tokens were read anew"),
            Err(error) => tracing::error!(%error, "all certificates and tokens stay as they were"),
        }
    }
}

/// Looks at every backend once, and has tasks go on doing so.
async fn watch_backends(backends: &[Arc<Backend>], limits: &Limits) -> JoinSet<()> {
    let mut first = JoinSet::new();
    for backend in backends {
        let backend = backend.clone();
        first.spawn(async move {
            if let Err(error) = backend.probe().await {
                tracing::warn!(%backend, %error, "not well yet");
            }
        });
    }
    first.join_all().await;
    let mut tasks = JoinSet::new();
    for backend in backends {
        tasks.spawn(backend.clone().keep_probing(limits.probe()));
    }
    tasks
}

/// Answers Prometheus as long as what is given back is kept.
fn serve_page(page: Page) -> Result<JoinSet<()>, Failure> {
    let url = page.url();
    let url = url.map_err(|cause| Failure::io("cannot serve metrics", &cause))?;
    let mut serving = JoinSet::new();
    serving.spawn(page.serve());
    say(&format!("metrics at {url}"));
    Ok(serving)
}

/// What is served, and by whom.
struct Services {
    routes: Routes,
    backends: Vec<Arc<Backend>>,
    /// The pools of each service.
    health: BTreeMap<String, Vec<Arc<Pool>>>,
}

/// The service that tells of the others.
const HEALTH: &str = "grpc.health.v1.Health";

impl Services {
    fn open(cli: &Cli, descriptors: &Descriptors) -> Result<Self, Failure> {
        let limits = cli.limits;
        let settings = Settings {
            connections: limits.connections as usize,
            queue: limits.queue as usize,
            max_message: limits.max_message,
        };
        let mut services = Self {
            routes: Routes::default(),
            backends: Vec::new(),
            health: BTreeMap::new(),
        };
        if !cli.backend.is_empty() {
            let pool = services.pool(cli.backend.iter(), Probe::Ask, &settings)?;
            services.routes = ingress::own_services(services.routes, &pool, limits.max_message);
            services.is_served_by(calculator_server::SERVICE_NAME, &pool);
            services.is_served_by(bytes_server::SERVICE_NAME, &pool);
        }
        let mut by_path = BTreeMap::<&Path, Vec<&Address>>::new();
        for (path, address) in &cli.route {
            by_path.entry(path).or_default().push(address);
        }
        for (path, addresses) in by_path {
            descriptors.check(path).map_err(Failure::Usage)?;
            let pool = services.pool(addresses.into_iter(), Probe::Connect, &settings)?;
            services.is_served_by(path.service(), &pool);
            services.routes = ingress::typed_route(services.routes, path, pool, limits.max_message);
        }
        if cli.reflection {
            let routes = std::mem::take(&mut services.routes);
            let served = descriptors.serve(routes, &services.names(cli));
            services.routes = served.map_err(Failure::Other)?;
        }
        Ok(services)
    }

    /// All services.
    fn names(&self, cli: &Cli) -> Vec<&str> {
        let names = self.health.keys().map(String::as_str);
        let reflection = cli.reflection.then_some(reflection::SERVICES);
        names
            .chain([HEALTH])
            .chain(reflection.into_iter().flatten())
            .collect()
    }

    /// Where metrics are asked for, if anywhere.
    async fn page(&self, cli: &Cli, descriptors: &Descriptors) -> Result<Option<Page>, Failure> {
        let Some(address) = cli.metrics else {
            return Ok(None);
        };
        // Of a service of routes, only those are served.
        let is_routed = |name: &&str| cli.route.iter().any(|(path, _)| path.service() == *name);
        let names = self.names(cli);
        let own = names.iter().filter(|name| !is_routed(name));
        let own = own.flat_map(|&service| {
            let methods = descriptors.methods(service).into_iter().flatten();
            methods.map(move |(name, manner)| (service, name, manner))
        });
        let routes = cli.route.iter();
        let routed = routes.map(|(path, _)| (path.service(), path.method(), Manner::UNARY));
        let metrics = Arc::new(Metrics::new(own.chain(routed), &self.backends));
        let listened = Page::listen(address, metrics).await;
        let failure = |cause| Failure::io(&format!("cannot listen on {address}"), &cause);
        listened.map(Some).map_err(failure)
    }

    /// The pool of the servers at these addresses, of which each has one backend however often it is named.
    fn pool<'a>(
        &mut self,
        addresses: impl Iterator<Item = &'a Address>,
        probe: Probe,
        settings: &Settings,
    ) -> Result<Arc<Pool>, Failure> {
        let mut backends = Vec::new();
        for address in addresses {
            let known = self
                .backends
                .iter()
                .find(|known| known.address() == address);
            let backend = match known {
                Some(known) => known.clone(),
                None => {
                    let opened = Backend::open(address.clone(), probe, settings);
                    let opened =
                        opened.map_err(|error| Failure::Other(format!("{address}: {error}")))?;
                    self.backends.push(opened.clone());
                    opened
                }
            };
            backends.push(backend);
        }
        Ok(Arc::new(Pool::new(backends)))
    }

    fn is_served_by(&mut self, service: &str, pool: &Arc<Pool>) {
        let pools = self.health.entry(service.to_owned()).or_default();
        pools.push(pool.clone());
    }
}

/// What tells the gateway to end.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// Prints a line. If nobody reads it, there is nobody left to tell.
fn say(line: &str) {
    let mut out = io::stdout();
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}
