//! `grpc.health.v1`: which services have a backend that is well.

use crate::pool::Pool;
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio_stream::StreamExt as _;
use tokio_stream::StreamMap;
use tokio_stream::wrappers::WatchStream;
use tonic::service::Routes;
use tonic_health::ServingStatus;
use tonic_health::pb::health_server::HealthServer;
use tonic_health::server::{HealthReporter, HealthService};

/// The name that stands for all services.
const ALL: &str = "";

/// The services, and who says how each is.
#[derive(Clone)]
pub struct Health {
    reporter: HealthReporter,
    /// The pools of each service.
    services: BTreeMap<String, Vec<Arc<Pool>>>,
}

impl Health {
    /// The health of these services.
    pub fn new(services: BTreeMap<String, Vec<Arc<Pool>>>) -> Self {
        Self {
            reporter: HealthReporter::new(),
            services,
        }
    }

    /// Adds the service itself.
    pub fn serve(&self, routes: Routes) -> Routes {
        let service = HealthService::from_health_reporter(self.reporter.clone());
        routes.add_service(HealthServer::new(service))
    }

    /// Says how every service is now.
    pub async fn report(&self) {
        let mut are_all_well = true;
        for (name, pools) in &self.services {
            let is_well = pools.iter().all(|pool| pool.is_well());
            are_all_well &= is_well;
            self.say(name, is_well).await;
        }
        self.say(ALL, are_all_well).await;
    }

    async fn say(&self, name: &str, is_well: bool) {
        let status = match is_well {
            true => ServingStatus::Serving,
            false => ServingStatus::NotServing,
        };
        self.reporter.set_service_status(name, status).await;
    }

    /// Reports how all are, and whenever a backend changes, for ever.
    pub async fn keep_reporting(self) {
        let pools = self.services.values().flatten();
        let backends = pools.flat_map(|pool| pool.backends());
        let mut changes = StreamMap::new();
        for backend in backends {
            let key = backend.address().to_string();
            changes.insert(key, WatchStream::new(backend.changes()));
        }
        while changes.next().await.is_some() {
            self.report().await;
        }
    }

    /// Says that nothing is served any more, and ends the streams of those who watch.
    pub async fn end(mut self) {
        let names = self.services.keys().map(String::as_str).chain([ALL]);
        let names: Vec<_> = names.map(str::to_owned).collect();
        for name in names {
            self.say(&name, false).await;
            self.reporter.clear_service_status(&name).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pool::{Backend, Probe, Settings};
    use calc_ipc::service::{Handler, Server};
    use calc_ipc::transport::{self, Address, ServerOptions, Side};
    use tonic_health::pb::HealthCheckRequest;
    use tonic_health::pb::health_server::Health as _;

    const SETTINGS: Settings = Settings {
        connections: 1,
        queue: 1,
        max_message: 1000,
    };

    #[tokio::test(flavor = "multi_thread")]
    async fn a_change_before_anybody_listens_is_reported() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("unix://{}", folder.path().join("calc.sock").display());
        let address = Address::parse(&url, Side::Client).unwrap();
        let backend = Backend::open(address.clone(), Probe::Ask, &SETTINGS).unwrap();
        let pool = Arc::new(Pool::new(vec![backend.clone()]));
        let health = Health::new([("demo".to_owned(), vec![pool])].into());
        health.report().await;
        let bound = transport::bind(&address, &ServerOptions::default()).unwrap();
        let server = Server::new(bound.endpoint, Handler::Calculator).unwrap();
        server.start().unwrap();
        backend.probe().await.unwrap();
        let reports = tokio::spawn(health.clone().keep_reporting());
        let service = HealthService::from_health_reporter(health.reporter.clone());
        let asked = HealthCheckRequest {
            service: "demo".to_owned(),
        };
        let watch = service.watch(tonic::Request::new(asked)).await.unwrap();
        let mut statuses = watch.into_inner();
        let is_serving = async {
            while let Some(status) = statuses.next().await {
                if status.unwrap().status()
                    == tonic_health::pb::health_check_response::ServingStatus::Serving
                {
                    return;
                }
            }
        };
        let limit = std::time::Duration::from_secs(60);
        tokio::time::timeout(limit, is_serving).await.unwrap();
        reports.abort();
    }
}
