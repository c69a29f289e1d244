//! A look at the objects of one environment: which parts of them it concerns, what has to hold of
//! each, and the problem where it does not.

use serde_json::Value;

use super::objects::{Objects, containers, pod};

/// Checks whether a part is as it should be; the objects are at hand for what it refers to.
type Holds = fn(&Value, &Objects) -> bool;

/// One look, or several one after the other.
#[derive(Debug, Clone, Copy)]
pub(super) enum Look {
    /// At one part of every object that has it. The problem is the end of a sentence that begins
    /// with kind and name of the object.
    One(Part, &'static str, Holds),
    /// The problems of all of them.
    All(&'static [Look]),
}

/// The part of an object that is looked at.
#[derive(Debug, Clone, Copy)]
pub(super) enum Part {
    /// Any object as a whole.
    Object,
    /// An object of that kind as a whole.
    Kind(&'static str),
    /// An object that makes pods, as a whole: the Deployment, the Job.
    Workload,
    /// The specification of the pods.
    Pod,
    /// Each container.
    Container,
    /// Each container of what serves.
    Server,
}

impl Look {
    /// The problems of `objects`, one an object; none where all is as it should be.
    pub(super) fn faults(&self, objects: &Objects) -> Vec<String> {
        match self {
            Self::All(looks) => looks.iter().flat_map(|it| it.faults(objects)).collect(),
            Self::One(part, problem, holds) => {
                let text = |value: &Value| value.as_str().unwrap_or("?").to_owned();
                let concerned = objects.0.iter().filter(|object| part.is_in(object));
                concerned
                    .filter(|object| !part.all(object, |part| holds(part, objects)))
                    .map(|object| {
                        let name = text(&object["metadata"]["name"]);
                        format!("{} {name} {problem}", text(&object["kind"]))
                    })
                    .collect()
            }
        }
    }
}

impl Part {
    fn is_in(self, object: &Value) -> bool {
        match self {
            Self::Object => true,
            Self::Kind(kind) => object["kind"] == kind,
            Self::Server => object["kind"] == "Deployment",
            Self::Workload | Self::Pod | Self::Container => pod(object).is_object(),
        }
    }

    fn all(self, object: &Value, mut holds: impl FnMut(&Value) -> bool) -> bool {
        match self {
            Self::Object | Self::Kind(_) | Self::Workload => holds(object),
            Self::Pod => holds(pod(object)),
            Self::Container | Self::Server => containers(pod(object)).all(holds),
        }
    }
}
