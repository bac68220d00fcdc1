package external

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"strings"

	"github.com/winnowmail/winnow/mail"
)

// attached are the parts that carry something else than text to read.
func attached(p *mail.Part) bool {
	return p.IsAttachment() || p.Type.Type != "text" && p.Type.Type != "message"
}

// askICAP sends a part as the body of an HTTP response (RFC 3507 section 4.9)
// and reads what the service found in the ICAP header: X-Infection-Found,
// X-Virus-ID, X-Violations-Found.
func askICAP(r *Rule, q *question) func(net.Conn) (answer, error) {
	return func(c net.Conn) (answer, error) {
		const answered = "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\n\r\n"
		head := fmt.Appendf(nil, "RESPMOD icap://%[1]s/%[2]s ICAP/1.0\r\nHost: %[1]s\r\nUser-Agent: winnow\r\nAllow: 204\r\nConnection: close\r\n"+
			"Encapsulated: res-hdr=0, res-body=%[3]d\r\n\r\n%[4]s%[5]x\r\n", q.server, strings.TrimPrefix(cmp.Or(r.Service, "scan"), "/"), len(answered), answered, len(q.data))
		buffers := net.Buffers{head, q.data, []byte("\r\n0\r\n\r\n")}
		if _, err := buffers.WriteTo(c); err != nil {
			return answer{}, err
		}
		return readICAP(bufio.NewReader(io.LimitReader(c, maxReply)))
	}
}

// readICAP reads the head of a reply; the body is the document, or a page that
// says why it is not.
func readICAP(in *bufio.Reader) (answer, error) {
	text := textproto.NewReader(in)
	status, err := text.ReadLine()
	if err != nil {
		return answer{}, err
	}
	code := strings.Fields(status)
	if len(code) < 2 || !strings.HasPrefix(code[0], "ICAP/") || len(code[1]) != 3 || code[1][0] != '2' {
		return answer{}, badReply("%.60q", status)
	}
	head, err := text.ReadMIMEHeader()
	whole := err == nil || code[1] == "204"
	var threat string
	for _, field := range strings.Split(head.Get("X-Infection-Found"), ";") {
		if name, value, _ := strings.Cut(strings.TrimSpace(field), "="); strings.EqualFold(name, "Threat") {
			threat = value
		}
	}
	if violations := strings.TrimSpace(head.Get("X-Violations-Found")); violations != "" && violations != "0" {
		threat = cmp.Or(threat, "policy violation")
	}
	if threat = cmp.Or(threat, head.Get("X-Virus-ID")); threat == "" {
		switch {
		case head.Get("X-Infection-Found") != "":
		case !whole: // what was found may have stood in the rest
			return answer{}, badReply("the reply's header does not end")
		default:
			return answer{}, nil
		}
		threat = "unknown"
	}
	return answer{Found: true, Factor: 1, Options: []string{threat}}, nil
}
