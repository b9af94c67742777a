import Foundation
import Testing

/// Everything here starts the built sensor on this kernel, as root, and does
/// things in namespaces of its own for it to see.
@Suite(
    "On this kernel", .serialized, .timeLimit(.minutes(3)),
    .enabled(if: geteuid() == 0, "needs root: loads BPF programs and makes namespaces"),
    .enabled(if: Sensor.isBuilt, "needs the release executable: make build"))
struct KernelTests {}
