package winnow

import (
	"errors"
	"fmt"
	"io"
	"sync/atomic"

	"github.com/winnowmail/winnow/mail"
)

// A Message is one message to scan: its envelope and its bytes. A Message
// without a Body is a mistake of the caller. One of zero bytes comes back with
// Result.Skipped or, under the exact profile, with what Rspamd says of it.
type Message struct {
	Envelope mail.Envelope
	// Body is the whole message, header and all.
	Body Body
	// Settings apply to the whole message, in place of those that
	// Options.Settings would give for it.
	Settings *Settings
	// RcptSettings are the settings of single recipients, by envelope address
	// with the domain in any form (mail.AddressKey). Options.Settings is asked
	// about recipients that are missing here.
	RcptSettings map[string]*Settings
	// Record asks the scan for Result.Transcript.
	Record bool
	// NoLog keeps the message out of all that is kept for people to look at;
	// see Result.NoLog. Settings can ask for the same.
	NoLog bool

	answers map[string]*Settings // what Options.Settings said in the transaction, by address
	step    bool                 // of a session before DATA, which may want a transcript later
}

// ErrMessage is wrapped by errors about the Message that was handed in: it is
// nil, it has no Body, its reader failed or was scanned before.
var ErrMessage = errors.New("winnow: bad message")

// A Body is where the bytes of a message come from: FromBytes, FromReader or
// FromReaderAt. The zero Body is no body at all. Bodies may be copied; the
// copies share the reader.
type Body struct {
	set  bool
	raw  []byte
	once *once
	at   io.ReaderAt
	size int64 // of at; of once what was announced, negative: nothing
}

// once is a reader that can be read one time.
type once struct {
	io.Reader
	used atomic.Bool
}

// FromBytes makes a Body of bytes. They are used as they are and must not be
// changed afterwards, not even when the scan has ended: a check that was cut
// off may still read them. nil is an empty message.
func FromBytes(raw []byte) Body { return Body{set: true, raw: raw} }

// FromReader makes a Body of what r yields. It can be scanned once. The scan
// takes at most Limits.Size+1 bytes of it, when the message has been admitted,
// and its time begins when it has them: a reader that waits for a client has to
// obey a deadline of its own.
func FromReader(r io.Reader) Body { return FromSizedReader(r, -1) }

// FromSizedReader makes a Body as FromReader does, of a reader that was
// announced to yield at most size bytes: by SIZE in SMTP's MAIL (RFC 1870) or
// by HTTP's Content-Length. Options.Admission counts that size. A reader that
// yields more is an error of the scan. A negative size means that none was
// announced.
func FromSizedReader(r io.Reader, size int64) Body {
	if r == nil {
		return Body{}
	}
	return Body{set: true, once: &once{Reader: r}, size: size}
}

// FromReaderAt makes a Body of the first size bytes of r. It can be scanned
// more than once. A negative size is an error of the scan, and so is one that
// is larger than r, unless the Scanner's Limits end before that.
func FromReaderAt(r io.ReaderAt, size int64) Body {
	if r == nil {
		return Body{}
	}
	return Body{set: true, at: r, size: size}
}

// read returns the bytes to scan. Of a reader it takes one byte more than
// limit, so that package mail sees and notes that the message is longer.
func (b Body) read(limit int64) ([]byte, error) {
	switch {
	case !b.set:
		return nil, fmt.Errorf("%w: no Body", ErrMessage)
	case b.once != nil:
		if b.once.used.Swap(true) {
			return nil, fmt.Errorf("%w: its reader was scanned before", ErrMessage)
		}
		return b.readOnce(limit)
	case b.at != nil:
		return b.readAt(limit)
	}
	return b.raw, nil
}

// announced is how many bytes, up to limit, the scan has to reckon with.
func (b Body) announced(limit int64) int64 {
	switch {
	case b.once == nil && b.at == nil:
		return min(int64(len(b.raw)), limit)
	case b.size < 0:
		return limit
	}
	return min(b.size, limit)
}

func (b Body) readOnce(limit int64) ([]byte, error) {
	n := b.announced(limit)
	raw, err := readAll(b.once.Reader, n+1, b.size >= 0)
	if err == nil && int64(len(raw)) > n && n < limit {
		return nil, fmt.Errorf("%w: its reader yields more than the %d bytes that were announced", ErrMessage, n)
	}
	return raw, err
}

func (b Body) readAt(limit int64) ([]byte, error) {
	if b.size < 0 {
		return nil, fmt.Errorf("%w: negative size %d", ErrMessage, b.size)
	}
	n := min(b.size, limit+1)
	raw, err := readAll(io.NewSectionReader(b.at, 0, n), n, true)
	if err == nil && int64(len(raw)) < n {
		return nil, fmt.Errorf("%w: size %d, but it ends after %d bytes: %w", ErrMessage, b.size, len(raw), io.ErrUnexpectedEOF)
	}
	return raw, err
}

// trusted is how much memory is taken for what was announced before it comes.
const trusted = 128 << 10

// readAll reads up to most bytes. It takes memory as they come in: what was
// announced may never come, so that more than a little of it is not trusted.
// Where as many are likely it ends with room for no more.
func readAll(r io.Reader, most int64, likely bool) ([]byte, error) {
	first := int64(4 << 10)
	if likely && most <= trusted {
		first = trusted
	}
	buf := make([]byte, 0, min(most, first))
	for int64(len(buf)) < most {
		if len(buf) == cap(buf) {
			grown := min(2*int64(cap(buf)), most)
			if likely && grown > most/2 {
				grown = most
			}
			buf = append(make([]byte, 0, grown), buf...)
		}
		n, err := r.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrMessage, err)
		}
	}
	return buf, nil
}
