//! The WebSocket on the loopback address.

use futures_util::{SinkExt, StreamExt};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use crate::support::{TestServer, Value, json, pack};

type Socket = tokio_tungstenite::WebSocketStream<tokio::net::TcpStream>;

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

async fn connect(
    port: u16,
    origin: Option<&str>,
) -> Result<Socket, tokio_tungstenite::tungstenite::Error> {
    let stream = tokio::net::TcpStream::connect(("127.0.0.1", port))
        .await
        .unwrap();
    let mut request = format!("ws://127.0.0.1:{port}/any/path")
        .into_client_request()
        .unwrap();
    if let Some(origin) = origin {
        request
            .headers_mut()
            .insert("Origin", origin.parse().unwrap());
    }
    Ok(tokio_tungstenite::client_async(request, stream).await?.0)
}

async fn receive(socket: &mut Socket) -> Value {
    loop {
        let message = tokio::time::timeout(std::time::Duration::from_secs(20), socket.next());
        match message.await.expect("no answer").unwrap().unwrap() {
            Message::Binary(bytes) => return rmp_serde::from_slice(&bytes).unwrap(),
            Message::Pong(_) => {}
            other => panic!("{other:?}"),
        }
    }
}

async fn call(socket: &mut Socket, request: Value) -> Value {
    socket
        .send(Message::Binary(pack(&request).into()))
        .await
        .unwrap();
    receive(socket).await
}

fn run(test: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(test);
}

#[test]
fn a_message_is_a_request() {
    let port = free_port();
    let server = TestServer::start_with(&["--ws-port", &port.to_string()]);
    run(async {
        let mut socket = connect(port, None).await.unwrap();
        // No database at the beginning.
        assert_eq!(
            call(&mut socket, json!({"cmd": "nodeCount"})).await["code"],
            "NO_DATABASE_SELECTED"
        );
        call(&mut socket, json!({"cmd": "hello", "protocolVersion": 3})).await;
        let opened = call(
            &mut socket,
            json!({"cmd": "openDatabase", "name": "default", "requestId": "r3"}),
        )
        .await;
        assert_eq!(opened["requestId"], "r3");
        let nodes: Vec<_> = (0..1000).map(|id| json!({"id": id.to_string()})).collect();
        call(&mut socket, json!({"cmd": "addNodes", "nodes": nodes})).await;
        // Never streamed.
        let answer = call(&mut socket, json!({"cmd": "queryNodes", "query": {}})).await;
        assert_eq!(answer["nodes"].as_array().unwrap().len(), 1000);
        assert!(answer.get("done").is_none());
        // Nothing of what is sent ahead is lost.
        for number in 0..100 {
            let request = json!({"cmd": if number % 2 == 0 { "queryNodes" } else { "ping" }, "query": {}, "requestId": format!("r{number}")});
            socket
                .feed(Message::Binary(pack(&request).into()))
                .await
                .unwrap();
        }
        socket.flush().await.unwrap();
        for number in 0..100 {
            assert_eq!(
                receive(&mut socket).await["requestId"],
                format!("r{number}")
            );
        }
        // Text is ignored, nonsense is answered.
        socket.send(Message::Text("hello".into())).await.unwrap();
        socket.send(Message::Ping(vec![1].into())).await.unwrap();
        socket
            .send(Message::Binary(vec![0xc1].into()))
            .await
            .unwrap();
        assert_eq!(receive(&mut socket).await["code"], "INVALID_REQUEST");
        socket.close(None).await.unwrap();
    });
    assert_eq!(
        server.connect().ok(json!({"cmd": "nodeCount"}))["count"],
        1000
    );
}

#[test]
fn web_pages_of_other_hosts_are_refused() {
    let port = free_port();
    let _server = TestServer::start_with(&["--ws-port", &port.to_string()]);
    run(async {
        for origin in [
            "https://evil.example",
            "http://localhost.evil.example",
            "https://[::2]:80",
        ] {
            assert!(connect(port, Some(origin)).await.is_err(), "{origin}");
        }
        for origin in [
            "http://localhost:3000",
            "http://127.0.0.1",
            "http://[::1]:8080",
            "vscode-webview://abc",
        ] {
            assert!(connect(port, Some(origin)).await.is_ok(), "{origin}");
        }
    });
}

#[test]
fn the_server_can_be_ended_and_limits_its_connections() {
    let port = free_port();
    let mut server =
        TestServer::start_with(&["--ws-port", &port.to_string(), "--max-connections", "1"]);
    run(async {
        let mut first = connect(port, None).await.unwrap();
        call(&mut first, json!({"cmd": "ping"})).await;
        let mut second = connect(port, None).await.unwrap();
        assert_eq!(receive(&mut second).await["code"], "TOO_MANY_CONNECTIONS");
        assert_eq!(
            call(&mut first, json!({"cmd": "shutdown"})).await["ok"],
            true
        );
    });
    assert_eq!(server.wait_end().code(), Some(0));
}
