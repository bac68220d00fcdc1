package controller

import (
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/settings"
)

// A request is what the headers of one /checkv2 request say.
type request struct {
	message  winnow.Message
	settings settings.Request
	silent   bool   // no log line
	milter   bool   // the reply goes to an MTA
	head     []byte // what was read ahead of the message
	filename string
	tag      string // for the log
	owner    string // whose mail it is, by Deliver-To; "" where that is not said
	warnings []string
}

// errEncoding is wrapped by errors about a compressed body.
var errEncoding = errors.New("unsupported encoding")

// maxRcpts is the most recipients taken, as Rspamd's max_recipients.
const maxRcpts = 1024

// parseRequest reads the request headers (names as Rspamd 4.1.6, in any case).
// An error means that the message would not be scanned as the client wants; a
// header that can safely be left out gets a warning.
func parseRequest(h http.Header) (*request, error) {
	req := &request{}
	names := make([]string, 0, len(h))
	for name := range h {
		names = append(names, name)
	}
	slices.Sort(names) // so that warnings come in one order
	for _, name := range names {
		values := h[name]
		if len(values) == 0 {
			continue
		}
		if err := req.header(strings.ToLower(name), values); err != nil {
			return nil, err
		}
		if len(values) > 1 && single(name) {
			req.warn("%s is given %d times; the first counts", name, len(values))
		}
	}
	return req, nil
}

func (req *request) warn(format string, args ...any) {
	const most = 32
	text := fmt.Sprintf(format, args...)
	if len(req.warnings) < most && !slices.Contains(req.warnings, text) {
		req.warnings = append(req.warnings, text)
	}
}

// single reports whether a header of this protocol may occur only once.
func single(name string) bool {
	switch strings.ToLower(name) {
	case "rcpt", "flags":
		return false
	}
	return !foreign(strings.ToLower(name))
}

// header takes one header: first those about the SMTP session, then those
// about the scan.
func (req *request) header(name string, values []string) error {
	v := strings.TrimSpace(values[0])
	env := &req.message.Envelope
	switch name {
	case "ip":
		req.ip(v)
	case "helo":
		env.Helo = v
	case "hostname":
		if v != "unknown" { // Postfix's word for none
			env.ClientName = v
		}
	case "from":
		env.From, env.HasFrom = path(v), true
	case "rcpt":
		req.rcpts(values)
	case "user":
		env.User = v
	case "queue-id":
		env.QueueID = v
	case "mta-name":
		env.MTAName = v
	case "tls-version":
		env.TLS.Version = v
	case "tls-cipher":
		env.TLS.Cipher = v
	case "tls-cert-issuer":
		env.TLS.CertIssuer = v
	default:
		return req.option(name, v, values)
	}
	return nil
}

func (req *request) option(name, v string, values []string) error {
	switch name {
	case "settings":
		a, ignored, err := settings.ParseHeader(v)
		if err != nil {
			return fmt.Errorf("settings: %w", err)
		}
		for _, key := range ignored {
			req.warn("Settings: %s is not supported and was not obeyed", key)
		}
		req.settings.Apply = a
	case "settings-id":
		req.settings.ID = v
	case "maxscore":
		req.settings.Maxscore = req.number(name, v)
	case "softscore":
		req.settings.Softscore = req.number(name, v)
	case "pass":
		req.flag(v == "all", "pass_all", "Pass: %s is not known", v)
	case "flags":
		req.flags(values)
	case "log":
		req.flag(strings.EqualFold(v, "no"), "no_log", "Log: %s is not known", v)
	case "log-tag":
		req.tag = v
	case "filename":
		req.filename = v
	case "deliver-to":
		req.owner = strings.ToLower(v)
	case "milter":
		switch {
		case strings.EqualFold(v, "yes"):
			req.milter = true
		case !strings.EqualFold(v, "no"):
			req.warn("Milter: %s is not known", v)
		}
	case "compression", "content-encoding":
		if !strings.EqualFold(v, "identity") && v != "" {
			return fmt.Errorf("%w: %s: %s; send the message as it is", errEncoding, name, v)
		}
	case "file", "path", "shm", "message-length", "url", "message-offset":
		return fmt.Errorf("%s is not supported: send the message, and only it, as the body", name)
	case "subject", "mta-tag", "raw", "url-format", "profile", "body-block", "flag", "weight", "class", "classifier", "json", "key", "statfile", "recipient-number":
		req.warn("%s is not supported and was not obeyed", name)
	default:
		if !foreign(name) {
			req.warn("%s is not known", name)
		}
	}
	return nil
}

// foreign reports whether a header belongs to HTTP, or to what stands between
// client and handler, rather than to this protocol.
func foreign(name string) bool {
	for _, prefix := range []string{"x-", "sec-", "access-control-", "accept", "content-", "if-", "proxy-"} {
		if strings.HasPrefix(name, prefix) && name != "content-encoding" {
			return true
		}
	}
	switch name {
	case "user-agent", "connection", "keep-alive", "expect", "host", "date", "te", "trailer", "transfer-encoding", "upgrade",
		"cache-control", "pragma", "cookie", "origin", "referer", "forwarded", "via", "authorization", "password",
		"dnt", "priority", "range", "traceparent", "tracestate", "baggage", "warning", "max-forwards":
		return true
	}
	return false
}

func (req *request) ip(v string) {
	if strings.HasPrefix(v, "/") || strings.HasPrefix(v, "unix:") || v == "local" {
		return // the client came over a socket: no address
	}
	ip, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(strings.TrimPrefix(v, "["), "IPv6:"), "]"))
	if err != nil {
		req.warn("IP: %q is no address; the client is taken as unknown", v)
		return
	}
	req.message.Envelope.ClientIP = ip.WithZone("").Unmap()
}

func (req *request) rcpts(values []string) {
	env := &req.message.Envelope
	for _, v := range values {
		for one := range splitPaths(v) {
			rcpt := path(one)
			if rcpt == "" {
				continue
			}
			if len(env.Rcpts) == maxRcpts {
				req.warn("Rcpt: more than %d recipients; the rest was left out", maxRcpts)
				return
			}
			env.Rcpts = append(env.Rcpts, rcpt)
		}
	}
}

// splitPaths yields the pieces of a comma-separated list of SMTP paths.
// Commas in quoted local parts and in source routes don't separate.
func splitPaths(v string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		begin, quoted, angle := 0, false, false
		for i := 0; i < len(v); i++ {
			switch c := v[i]; {
			case c == '\\' && quoted:
				i++
			case c == '"':
				quoted = !quoted
			case quoted:
			case c == '<':
				angle = true
			case c == '>':
				angle = false
			case c == ',' && !angle:
				if !yield(v[begin:i]) {
					return
				}
				begin = i + 1
			}
		}
		yield(v[begin:])
	}
}

// path takes white space and angle brackets off; "" is the null sender.
func path(v string) string {
	v = strings.TrimSpace(v)
	if inner, ok := strings.CutPrefix(v, "<"); ok {
		v, _, _ = strings.Cut(inner, ">")
	}
	return strings.TrimSpace(v)
}

// number reads a threshold.
func (req *request) number(name, v string) *float64 {
	f, err := strconv.ParseFloat(v, 64)
	if err != nil || math.IsNaN(f) || math.IsInf(f, 0) {
		req.warn("%s: %q is no number", name, v)
		return nil
	}
	return &f
}

// flag sets a flag that has a header of its own.
func (req *request) flag(on bool, name, format, v string) {
	if on {
		req.setFlag(name)
		return
	}
	req.warn(format, v)
}

func (req *request) flags(values []string) {
	for _, v := range values {
		for name := range strings.SplitSeq(v, ",") {
			if name = strings.ToLower(strings.TrimSpace(name)); name != "" && !req.setFlag(name) {
				req.warn("Flags: %s is not supported and was not obeyed", name)
			}
		}
	}
}

func (req *request) setFlag(name string) bool {
	switch name {
	case "pass_all":
		req.settings.PassAll = true
	case "no_log":
		req.silent, req.message.NoLog = true, true
	case "milter":
		req.milter = true
	case "body_block": // the reply never has a body
	default:
		return false
	}
	return true
}

func ipText(ip netip.Addr) string {
	if !ip.IsValid() {
		return ""
	}
	return ip.String()
}
