internal import ArgumentParser

/// Why the program ends, as sysexits(3) numbers it.
enum ExitStatus: Int32 {
    case ok = 0
    case usage = 64
    case dataError = 65
    case noInput = 66
    case unavailable = 69
    case software = 70
    case ioError = 74
    case noPermission = 77
    case configuration = 78

    var code: ExitCode { ExitCode(rawValue) }
}
