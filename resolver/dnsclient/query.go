package dnsclient

import (
	"encoding/binary"

	"github.com/miekg/dns"
)

// A query is a packed question; wire[:questionEnd] is header and question, the
// OPT record follows.
type query struct {
	wire        []byte
	last        []byte // as it was last sent
	questionEnd int
	name        string
}

// pack writes a query for name, which is canonical. The id is left out. It fails
// for what is no name (RFC 1035 section 3.1).
func pack(name string, qtype uint16) (query, error) {
	buf := make([]byte, min(maxQuery, headerLen+len(name)+2+4+optLen))
	clear(buf[:headerLen])
	buf[2] = 0x01 // RD
	buf[3] = 0x20 // AD: tell whether it is authentic (RFC 6840 section 5.7)
	buf[5] = 1    // QDCOUNT
	absolute := name
	if name != "." {
		absolute += "."
	}
	end, err := dns.PackDomainName(absolute, buf[:len(buf)-4-optLen], headerLen, nil, false)
	if err != nil {
		return query{}, err
	}
	binary.BigEndian.PutUint16(buf[end:], qtype)
	binary.BigEndian.PutUint16(buf[end+2:], dns.ClassINET)
	return query{wire: buf, questionEnd: end + 4, name: name}, nil
}

func (q *query) id() uint16 { return binary.BigEndian.Uint16(q.wire) }

// finish gives the query its id and, for servers that know it, the OPT record.
func (q *query) finish(id uint16, edns bool) {
	binary.BigEndian.PutUint16(q.wire, id)
	q.wire[3], q.wire[11] = 0, 0 // a server that can't read EDNS may not know AD either
	q.last = q.wire[:q.questionEnd]
	if !edns {
		return
	}
	q.wire[3], q.wire[11] = 0x20, 1
	opt := q.wire[q.questionEnd : q.questionEnd+optLen]
	clear(opt)
	binary.BigEndian.PutUint16(opt[1:], dns.TypeOPT)
	binary.BigEndian.PutUint16(opt[3:], announced)
	q.last = q.wire[:q.questionEnd+optLen]
}

// mixCase gives the letters of the name a case by the bits of random.
func (q *query) mixCase(random []byte) {
	for i := headerLen; i < q.questionEnd-4; i++ {
		c := q.wire[i] | 0x20
		if c >= 'a' && c <= 'z' && q.wire[i] >= 'A' { // lengths of labels are below 'A'
			q.wire[i] = c &^ (random[i/8%len(random)] >> (i % 8) & 1 << 5)
		}
	}
}

// answers reports whether msg is a reply to the query as it was last sent: the
// id and the question are its own. Failures may come without question.
func (q *query) answers(msg []byte, exact bool) bool {
	if len(msg) < headerLen || msg[0] != q.wire[0] || msg[1] != q.wire[1] || msg[2]&0xf8 != 0x80 {
		return false
	}
	switch binary.BigEndian.Uint16(msg[4:]) {
	case 0:
		rcode := int(msg[3] & 15)
		return len(msg) == headerLen && rcode != dns.RcodeSuccess && rcode != dns.RcodeNameError
	case 1:
	default:
		return false
	}
	if len(msg) < q.questionEnd {
		return false
	}
	got, want := msg[headerLen:q.questionEnd], q.wire[headerLen:q.questionEnd]
	name := len(want) - 4
	for i := range want {
		if got[i] != want[i] && (exact || i >= name || lower(got[i]) != lower(want[i])) {
			return false
		}
	}
	return true
}
