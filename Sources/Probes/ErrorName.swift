/// Names of the errors that connecting can end with, as on every Linux that
/// we run on.
enum ErrorName {
    static let inProgress: Int32 = 115

    /// The name of a negative error number; nil for one that is unusual.
    static func of(_ result: Int32) -> StaticString? {
        switch result.magnitude {
        case 1: "EPERM"
        case 2: "ENOENT"
        case 4: "EINTR"
        case 5: "EIO"
        case 6: "ENXIO"
        case 9: "EBADF"
        case 11: "EAGAIN"
        case 12: "ENOMEM"
        case 13: "EACCES"
        case 14: "EFAULT"
        case 16: "EBUSY"
        case 22: "EINVAL"
        case 23: "ENFILE"
        case 24: "EMFILE"
        case 28: "ENOSPC"
        case 32: "EPIPE"
        case 38: "ENOSYS"
        case 63: "ENOSR"
        case 71: "EPROTO"
        case 88: "ENOTSOCK"
        case 89: "EDESTADDRREQ"
        case 90: "EMSGSIZE"
        case 91: "EPROTOTYPE"
        case 92: "ENOPROTOOPT"
        case 93: "EPROTONOSUPPORT"
        case 95: "EOPNOTSUPP"
        case 97: "EAFNOSUPPORT"
        case 98: "EADDRINUSE"
        case 99: "EADDRNOTAVAIL"
        case 100: "ENETDOWN"
        case 101: "ENETUNREACH"
        case 102: "ENETRESET"
        case 103: "ECONNABORTED"
        case 104: "ECONNRESET"
        case 105: "ENOBUFS"
        case 106: "EISCONN"
        case 107: "ENOTCONN"
        case 110: "ETIMEDOUT"
        case 111: "ECONNREFUSED"
        case 112: "EHOSTDOWN"
        case 113: "EHOSTUNREACH"
        case 114: "EALREADY"
        case 115: "EINPROGRESS"
        case 126: "ENOKEY"
        case 129: "EKEYREJECTED"
        // of the kernel only, for a call that was interrupted
        case 512: "ERESTARTSYS"
        case 513: "ERESTARTNOINTR"
        default: nil
        }
    }
}
