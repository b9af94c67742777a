/// The report as one page that needs nothing else: no script, no font, no image.
public struct BenchPage {
    private let result: BenchResult
    private let date: String

    /// - Parameter date: when it was measured, as the page shall say it.
    public init(_ result: BenchResult, date: String) {
        self.result = result
        self.date = date
    }

    public var html: String {
        """
        <!DOCTYPE html>
        <html lang="en"><head><meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>imdswatch bench: \(escaped(result.kernel))</title>
        <style>\(BenchPage.style)</style></head><body>
        <h1>What imdswatch costs this host</h1>
        <p>imdswatch \(escaped(result.version)), Linux \(escaped(result.kernel)), \(result.processors) CPUs,
        hooks \(escaped(result.hooks)); \(result.pairs) interleaved pairs; \(escaped(date)).</p>
        <h2>Beside the budget</h2>
        \(result.conclusion.split(separator: "\n").map { "<p>\(escaped(String($0)))</p>" }.joined())
        <table><tr><th>what</th><th>measured</th><th>budget</th><th></th><th>detail</th></tr>
        \(rows)</table>
        <h2>Slowdown, pair by pair</h2>
        <p>Each dot is one pair of slots, with and without; the bar is the median with its 95 % interval.</p>
        \(result.contenders.enumerated().map { plot($1, isSensor: $0 == 0) }.joined())
        <h2>From event to alert</h2>
        \(result.latencies.map(latencyPlot).joined())
        \(leftOut)
        </body></html>

        """
    }

    private static let style = """
        body{font:15px/1.5 system-ui,sans-serif;max-width:62rem;margin:2rem auto;padding:0 1rem;color:#1b1f24}
        h1{font-size:1.6rem}h2{font-size:1.15rem;margin-top:2.2rem}h3{font-size:1rem;margin:1.2rem 0 .2rem}
        table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.3rem .6rem;border-bottom:1px solid #d8dee4;
        vertical-align:top}td:nth-child(2),td:nth-child(3){white-space:nowrap;font-variant-numeric:tabular-nums}
        .met{color:#116329}.OVER{color:#a40e26;font-weight:600}.unclear{color:#7d4e00}td:last-child{color:#57606a}
        svg{width:100%;height:auto}text{font:12px system-ui,sans-serif;fill:#1b1f24}
        """

    private var rows: String {
        result.budgetLines.map { line in
            """
            <tr><td>\(escaped(line.what))</td><td>\(escaped(line.measured))</td><td>\(escaped(line.budget))</td>\
            <td class="\(line.verdict.rawValue)">\(line.verdict.rawValue)</td><td>\(escaped(line.detail))</td></tr>

            """
        }.joined()
    }

    private var leftOut: String {
        guard !result.left.isEmpty else { return "" }
        return "<h2>Left out</h2><ul>" + result.left.map { "<li>\(escaped($0))</li>" }.joined() + "</ul>"
    }

    // MARK: Plots

    private static let width = 900.0
    private static let labels = 190.0
    private static let rowHeight = 34.0

    /// Slowdowns of one program, a row for each workload.
    private func plot(_ contender: Contender, isSensor: Bool) -> String {
        // a few wild pairs must not press the rest together
        let ends = contender.overheads.flatMap { overhead -> [Double] in
            guard let summary = overhead.summary else { return [] }
            let spread = summary.quartiles.upperBound - summary.quartiles.lowerBound
            return [summary.quartiles.lowerBound - 2 * spread, summary.quartiles.upperBound + 2 * spread]
        }
        let low = min(-2, ends.min() ?? 0)
        let high = max(5, ends.max() ?? 0)
        func x(_ value: Double) -> Double {
            let part = (min(max(value, low), high) - low) / (high - low)
            return BenchPage.labels + part * (BenchPage.width - BenchPage.labels - 110)
        }
        let height = BenchPage.rowHeight * Double(contender.overheads.count) + 30
        var marks = line(x(0), 0, x(0), height - 22, "#8c959f")
        marks += label(x(0), height - 6, "0 %", anchor: "middle")
        for (row, overhead) in contender.overheads.enumerated() {
            guard let summary = overhead.summary else { continue }
            let y = BenchPage.rowHeight * (Double(row) + 0.5)
            marks += label(BenchPage.labels - 12, y + 4, overhead.workload.name, anchor: "end")
            for pair in overhead.pairs {
                marks +=
                    "<circle cx=\"\(decimal(x(pair), 1))\" cy=\"\(decimal(y, 1))\" r=\"3\" fill=\"#0969da\" fill-opacity=\".35\"/>"
            }
            if let interval = summary.interval {
                let start = x(interval.lowerBound)
                marks += """
                    <rect x="\(decimal(start, 1))" y="\(decimal(y - 7, 1))" width="\(decimal(max(1, x(interval.upperBound) - start), 1))" \
                    height="14" fill="#0969da" fill-opacity=".18"/>
                    """
            }
            marks += line(x(summary.median), y - 9, x(summary.median), y + 9, "#0550ae", width: 2.5)
            if isSensor, let budget = overhead.workload.budget, budget > 0 {
                marks += line(x(budget), y - 12, x(budget), y + 12, "#a40e26", dashes: true)
            }
            marks += label(BenchPage.width - 4, y + 4, percent(summary.median), anchor: "end")
        }
        let note = isSensor ? " (dashed: the budget)" : ""
        return "<h3>\(escaped(contender.name))\(note)</h3>" + svg(height, marks)
    }

    /// Percentiles on a logarithmic scale of four decades.
    private func latencyPlot(_ latency: Latency) -> String {
        let isLong = latency.limit > 10_000_000
        let names =
            isLong
            ? ["1 ms", "10 ms", "100 ms", "1 s", "10 s"] : ["10 us", "100 us", "1 ms", "10 ms", "100 ms"]
        let least = isLong ? 1e6 : 1e4
        func x(_ time: Double) -> Double {
            var decades = 0.0
            var rest = max(time, least) / least
            while rest >= 10 {
                rest /= 10
                decades += 1
            }
            // close enough to a logarithm between two powers of ten for the eye
            let part = (decades + BenchPage.logarithm(rest)) / 4
            return BenchPage.labels + min(1, part) * (BenchPage.width - BenchPage.labels - 60)
        }
        let height = 128.0
        var marks = ""
        var time = least
        for name in names {
            marks += line(x(time), 0, x(time), height - 22, "#d8dee4")
            marks += label(x(time), height - 6, name, anchor: "middle")
            time *= 10
        }
        let limit = x(Double(latency.limit))
        marks += line(limit, 0, limit, height - 22, "#a40e26", dashes: true)
        for (row, (name, times)) in latency.parts.enumerated() {
            let y = 20 + 32 * Double(row)
            marks += label(BenchPage.labels - 12, y + 4, name, anchor: "end")
            if let first = times.first, let last = times.last {
                marks += line(x(Double(first.time)), y, x(Double(last.time)), y, "#0969da", width: 2)
            }
            for (percentile, time) in times {
                marks += """
                    <circle cx="\(decimal(x(Double(time)), 1))" cy="\(decimal(y, 1))" r="4" fill="#0550ae"/>
                    """
                marks += label(x(Double(time)), y - 8, percentileName(percentile), anchor: "middle")
            }
        }
        return "<h3>\(escaped(latency.name)): \(latency.count) of \(latency.expected) alerts</h3>"
            + svg(height, marks)
    }

    /// Decimal, of 1 to 10.
    private static func logarithm(_ value: Double) -> Double {
        // ln by its series in (v-1)/(v+1)
        let ratio = (value - 1) / (value + 1)
        var term = ratio
        var sum = 0.0
        for step in 0..<60 {
            sum += term / Double(2 * step + 1)
            term *= ratio * ratio
        }
        return 2 * sum / 2.302_585_092_994_046
    }

    private func svg(_ height: Double, _ content: String) -> String {
        "<svg viewBox=\"0 0 \(decimal(BenchPage.width, 0)) \(decimal(height, 0))\" role=\"img\">\(content)</svg>"
    }

    private func line(
        _ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, _ colour: String, width: Double = 1,
        dashes: Bool = false
    ) -> String {
        """
        <line x1="\(decimal(x1, 1))" y1="\(decimal(y1, 1))" x2="\(decimal(x2, 1))" y2="\(decimal(y2, 1))" \
        stroke="\(colour)" stroke-width="\(decimal(width, 1))"\(dashes ? " stroke-dasharray=\"4 3\"" : "")/>
        """
    }

    private func label(_ x: Double, _ y: Double, _ text: String, anchor: String) -> String {
        "<text x=\"\(decimal(x, 1))\" y=\"\(decimal(y, 1))\" text-anchor=\"\(anchor)\">\(escaped(text))</text>"
    }

    private func escaped(_ text: String) -> String {
        var result = ""
        for character in text {
            switch character {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            default: result.append(character)
            }
        }
        return result
    }
}
