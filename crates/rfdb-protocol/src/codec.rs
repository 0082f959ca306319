//! Requests and responses to MessagePack and back.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Serialize};

use crate::envelope::{Flatten, Unflatten};
use crate::wire::Text;
use crate::{Request, Response, ResponseKind, WireError};

/// A request as it came, with the id to answer it under.
#[derive(Debug, Clone, PartialEq)]
pub struct Incoming {
    /// To be repeated in the response.
    pub request_id: Option<String>,
    /// The request, or why it is none.
    pub request: Result<Request, WireError>,
}

/// Encodes a request as one MessagePack map.
///
/// # Errors
/// None for requests that were built from this crate's types; the type of the error is the encoder's.
pub fn encode_request(
    request: &Request,
    request_id: Option<&str>,
    out: &mut Vec<u8>,
) -> Result<(), rmp_serde::encode::Error> {
    let mut serializer = rmp_serde::Serializer::new(out).with_struct_map();
    request.serialize(Flatten {
        inner: &mut serializer,
        request_id,
        with_command: true,
    })
}

/// Encodes a response as one MessagePack map.
///
/// # Errors
/// As [`encode_request`].
pub fn encode_response(
    response: &Response,
    request_id: Option<&str>,
    out: &mut Vec<u8>,
) -> Result<(), rmp_serde::encode::Error> {
    let mut serializer = rmp_serde::Serializer::new(out).with_struct_map();
    response.serialize(Flatten {
        inner: &mut serializer,
        request_id,
        with_command: false,
    })
}

/// How deep values may be nested; nothing in the protocol comes near it.
const DEPTH: usize = 64;

fn reader(bytes: &[u8]) -> rmp_serde::Deserializer<rmp_serde::decode::ReadRefReader<'_, [u8]>> {
    let mut reader = rmp_serde::Deserializer::from_read_ref(bytes);
    reader.set_max_depth(DEPTH);
    reader
}

/// What the top-level map says beside the fields of a command.
#[derive(Debug, Default)]
struct Envelope<'a> {
    request_id: Option<String>,
    command: Option<Text<'a>>,
    owner: bool,
    done: bool,
    error: bool,
}

/// Reads the envelope into the caller's value, so that what was read before a mistake is not lost.
struct EnvelopeSeed<'s, 'a>(&'s mut Envelope<'a>);

impl<'de> DeserializeSeed<'de> for EnvelopeSeed<'_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for EnvelopeSeed<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map with string keys")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<Text<'de>>()? {
            match &*key.0 {
                "requestId" => self.0.request_id = map.next_value()?,
                "cmd" => self.0.command = Some(map.next_value()?),
                "error" => {
                    self.0.error = map
                        .next_value::<Option<Text<'de>>>()?
                        .is_some_and(|text| !text.0.is_empty());
                }
                other => {
                    match other {
                        "owner" => self.0.owner = true,
                        "done" => self.0.done = true,
                        _ => {}
                    }
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
}

/// Decodes a request. Bytes after the value are ignored, as are unknown keys. If the request is none, the id is
/// given all the same where it can be read.
#[must_use]
pub fn decode_request(bytes: &[u8]) -> Incoming {
    let mut envelope = Envelope::default();
    let read = EnvelopeSeed(&mut envelope).deserialize(&mut reader(bytes));
    let request_id = envelope.request_id.take();
    let request = read
        .map_err(WireError::invalid_request)
        .and_then(|()| decode_command(bytes, &envelope));
    Incoming {
        request_id,
        request,
    }
}

fn decode_command(bytes: &[u8], envelope: &Envelope<'_>) -> Result<Request, WireError> {
    let Some(command) = &envelope.command else {
        return Err(WireError::invalid_request("missing field `cmd`"));
    };
    let variant = match &*command.0 {
        "commitBatch" if envelope.owner => "commit",
        "commit" => "commit (use commitBatch with owner)",
        other => other,
    };
    Request::deserialize(Unflatten {
        inner: &mut reader(bytes),
        variant,
    })
    .map_err(WireError::invalid_request)
}

/// A response as it came.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The id of the request that it answers.
    pub request_id: Option<String>,
    /// The response.
    pub response: Response,
    /// Whether it is a part of a streamed answer and others follow.
    pub more: bool,
}

/// Why bytes are no response.
#[derive(Debug, thiserror::Error)]
#[error("the server's answer cannot be decoded: {0}")]
pub struct DecodeError(#[from] rmp_serde::decode::Error);

/// Reads the id of a response, which says what request it answers and so how to decode the rest.
///
/// # Errors
/// If the bytes are no map with string keys.
pub fn response_id(bytes: &[u8]) -> Result<Option<String>, DecodeError> {
    let mut envelope = Envelope::default();
    EnvelopeSeed(&mut envelope).deserialize(&mut reader(bytes))?;
    Ok(envelope.request_id)
}

/// Decodes the response to a request whose good answers are of a kind.
///
/// # Errors
/// If the bytes are neither such a response nor an error response.
pub fn decode_response(bytes: &[u8], kind: ResponseKind) -> Result<Answer, DecodeError> {
    let mut envelope = Envelope::default();
    EnvelopeSeed(&mut envelope).deserialize(&mut reader(bytes))?;
    let kind = if envelope.error {
        ResponseKind::Error
    } else if envelope.done && kind == ResponseKind::Nodes {
        ResponseKind::NodeChunk
    } else {
        kind
    };
    let response = Response::deserialize(Unflatten {
        inner: &mut reader(bytes),
        variant: kind.variant(),
    })?;
    let more = matches!(response, Response::NodeChunk { done: false, .. });
    Ok(Answer {
        request_id: envelope.request_id,
        response,
        more,
    })
}
