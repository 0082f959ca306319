//! Prints the graph of one file: `cargo run -p analyzer --example print_graph -- FILE`.

#[path = "../tests/support/render.rs"]
mod render;

fn main() -> std::io::Result<()> {
    for path in std::env::args().skip(1) {
        let source = std::fs::read_to_string(&path)?;
        let module = analyzer::analyze_module(&path, &source, &analyzer::Options::default());
        print!("{}", render::render(&module));
    }
    Ok(())
}
