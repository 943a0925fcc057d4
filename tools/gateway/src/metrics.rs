//! What Prometheus is told: how calls ended and how long they took, and how the backends are.
//!
//! Names are those of go-grpc-prometheus where it has one, so that boards drawn for it show the gateway. There is one series
//! for each method that is served and each code that was answered; calls of anything else count as one method.

mod page;

pub use page::Page;

use crate::pool::Backend;
use crate::reflection::Manner;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{
    DescriptorEncoder, EncodeLabelSet, EncodeLabelValue, EncodeMetric as _, LabelSetEncoder,
    LabelValueEncoder, prometheus_text,
};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use std::collections::HashMap;
use std::fmt::{self, Write as _};
use std::sync::Arc;
use std::time::Duration;
use tonic::Code;

/// Upper ends of the histogram, in seconds.
const BUCKETS: [f64; 17] = [
    0.0001, 0.000_25, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5,
    5.0, 10.0, 30.0,
];

/// Stands for the service and the method of a call that nobody answers.
const UNKNOWN: &str = "unknown";

/// A method, as labels that cost nothing to copy.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Method(Arc<Labels>);

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Labels {
    grpc_type: &'static str,
    grpc_service: String,
    grpc_method: String,
}

impl EncodeLabelSet for Method {
    fn encode(&self, encoder: &mut LabelSetEncoder<'_>) -> fmt::Result {
        EncodeLabelSet::encode(&*self.0, encoder)
    }
}

/// A method and the code of a call.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Handled {
    #[prometheus(flatten)]
    method: Method,
    grpc_code: Named,
}

/// A code, as gRPC for Go writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Named(Code);

impl EncodeLabelValue for Named {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> fmt::Result {
        match self.0 {
            Code::Ok => encoder.write_str("OK"),
            Code::Cancelled => encoder.write_str("Canceled"),
            code => write!(encoder, "{code:?}"),
        }
    }
}

/// All that is counted.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    methods: HashMap<String, Method>,
    unknown: Method,
    handled: Family<Handled, Counter>,
    handling: Family<Method, Histogram, fn() -> Histogram>,
    under_way: Gauge,
}

impl Metrics {
    /// Those of these methods (a service, a method, and its manner) and backends.
    pub fn new<'a>(
        methods: impl IntoIterator<Item = (&'a str, &'a str, Manner)>,
        backends: &[Arc<Backend>],
    ) -> Self {
        let methods = methods.into_iter().map(|(service, name, manner)| {
            let method = method(service, name, manner);
            (format!("/{service}/{name}"), method)
        });
        let mut metrics = Self {
            registry: Registry::default(),
            methods: methods.collect(),
            unknown: method(UNKNOWN, UNKNOWN, Manner::UNARY),
            handled: Family::default(),
            handling: Family::new_with_constructor(|| Histogram::new(BUCKETS)),
            under_way: Gauge::default(),
        };
        metrics.register(backends);
        metrics
    }

    fn register(&mut self, backends: &[Arc<Backend>]) {
        let registry = &mut self.registry;
        registry.register(
            "grpc_server_handled",
            "Calls that ended, by code",
            self.handled.clone(),
        );
        registry.register_with_unit(
            "grpc_server_handling",
            "How long calls took, to the end of their answers",
            Unit::Seconds,
            self.handling.clone(),
        );
        registry.register(
            "calc_ipc_gateway_calls_under_way",
            "Calls that have begun and not ended",
            self.under_way.clone(),
        );
        registry.register_collector(Box::new(Backends(backends.to_vec())));
    }

    /// Counts a call that begins.
    pub fn begin(&self) {
        self.under_way.inc();
    }

    /// Counts how a call of this path ended that has begun.
    pub fn end(&self, path: &str, code: Code, took: Duration) {
        self.under_way.dec();
        let method = self.methods.get(path).unwrap_or(&self.unknown);
        let handled = Handled {
            method: method.clone(),
            grpc_code: Named(code),
        };
        self.handled.get_or_create(&handled).inc();
        let handling = self.handling.get_or_create(method);
        handling.observe(took.as_secs_f64());
    }

    /// All of it, in the text format of Prometheus, version 0.0.4.
    pub fn text(&self) -> String {
        let mut text = String::new();
        // Nothing that is encoded here fails, nor does a String.
        let _ = prometheus_text::encode(&mut text, &self.registry);
        text
    }
}

fn method(service: &str, name: &str, manner: Manner) -> Method {
    let labels = Labels {
        grpc_type: match (manner.is_client_streaming, manner.is_server_streaming) {
            (false, false) => "unary",
            (true, false) => "client_stream",
            (false, true) => "server_stream",
            (true, true) => "bidi_stream",
        },
        grpc_service: service.to_owned(),
        grpc_method: name.to_owned(),
    };
    Method(Arc::new(labels))
}

/// Looks at the backends whenever it is asked.
struct Backends(Vec<Arc<Backend>>);

impl fmt::Debug for Backends {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let urls = self.0.iter().map(ToString::to_string);
        f.debug_list().entries(urls).finish()
    }
}

impl Collector for Backends {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut gauge = |name, help, value: fn(&Backend) -> u64| {
            let mut family = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
            for backend in &self.0 {
                let labels = [("backend", backend.to_string())];
                let one = family.encode_family(&labels)?;
                ConstGauge::new(value(backend)).encode(one)?;
            }
            Ok(())
        };
        gauge(
            "calc_ipc_gateway_backend_up",
            "1: the backend is healthy; 0: it is not.",
            |backend| backend.is_well().into(),
        )?;
        gauge(
            "calc_ipc_gateway_queue_length",
            "Calls that wait until a connection to the backend can carry them.",
            |backend| u64::try_from(backend.queued()).unwrap_or(u64::MAX),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metrics() -> Metrics {
        Metrics::new([("demo.v1.Values", "Get", Manner::UNARY)], &[])
    }

    #[test]
    fn calls_are_counted_by_method_and_code() {
        let metrics = metrics();
        let path = "/demo.v1.Values/Get";
        for code in [Code::Ok, Code::Ok, Code::DeadlineExceeded, Code::Cancelled] {
            metrics.begin();
            metrics.end(path, code, Duration::from_micros(300));
        }
        metrics.begin();
        let text = metrics.text();
        let labels = "grpc_type=\"unary\",grpc_service=\"demo.v1.Values\",grpc_method=\"Get\"";
        for line in [
            format!("grpc_server_handled_total{{{labels},grpc_code=\"OK\"}} 2"),
            format!("grpc_server_handled_total{{{labels},grpc_code=\"DeadlineExceeded\"}} 1"),
            format!("grpc_server_handled_total{{{labels},grpc_code=\"Canceled\"}} 1"),
            format!("grpc_server_handling_seconds_bucket{{{labels},le=\"0.00025\"}} 0"),
            format!("grpc_server_handling_seconds_bucket{{{labels},le=\"0.0005\"}} 4"),
            format!("grpc_server_handling_seconds_count{{{labels}}} 4"),
            "calc_ipc_gateway_calls_under_way 1".to_owned(),
        ] {
            assert!(text.lines().any(|found| found == line), "{line}\n{text}");
        }
    }

    #[test]
    fn paths_that_nobody_serves_are_one_series() {
        let metrics = metrics();
        for number in 0..1000 {
            metrics.begin();
            let path = format!("/attack.v1.Values/Get{number}");
            metrics.end(&path, Code::Unimplemented, Duration::ZERO);
        }
        let text = metrics.text();
        let handled = "grpc_server_handled_total{";
        let series: Vec<_> = text
            .lines()
            .filter(|line| line.starts_with(handled))
            .collect();
        assert_eq!(series.len(), 1, "{text}");
        assert!(series[0].contains("grpc_service=\"unknown\""), "{text}");
        assert!(series[0].ends_with(" 1000"), "{text}");
    }
}
