package winnow

import (
	"errors"
	"fmt"
	"io"
	"sync/atomic"

	"github.com/winnowmail/winnow/mail"
)

// A Message is one message to scan: its envelope and its bytes. A Message
// without Body is a mistake of the caller; one of zero bytes is scanned and
// comes back with Result.Skipped.
type Message struct {
	Envelope mail.Envelope
	// Body is the whole message, header and all.
	Body Body
	// Settings apply to the whole message and take the place of those that
	// Options.Settings would give for it.
	Settings *Settings
	// RcptSettings are settings of single recipients by envelope address;
	// a recipient that is missing is looked up by Options.Settings.
	RcptSettings map[string]*Settings
	// Record asks for Result.Transcript.
	Record bool

	answers map[string]*Settings // what Options.Settings said in the transaction, by address
	step    bool                 // of a session before DATA, which may want a transcript later
}

// ErrMessage is wrapped by errors about the Message handed in: it is nil, has
// no Body, its reader failed, or the reader was scanned before.
var ErrMessage = errors.New("winnow: bad message")

// A Body is where the bytes of a message come from: FromBytes, FromReader or
// FromReaderAt. The zero Body is none. Bodies may be copied; the copies share
// the reader.
type Body struct {
	set  bool
	raw  []byte
	once *once
	at   io.ReaderAt
	size int64
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
// takes at most Limits.Size+1 bytes of it, and its time begins when it has
// them: a reader that waits for a client has to obey a deadline itself.
func FromReader(r io.Reader) Body {
	if r == nil {
		return Body{}
	}
	return Body{set: true, once: &once{Reader: r}}
}

// FromReaderAt makes a Body of the first size bytes of r. It can be scanned
// more than once. A negative size, and one beyond what there is, are errors of
// the scan, unless the Scanner's Limits end before it.
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
		return readAll(io.LimitReader(b.once.Reader, limit+1))
	case b.at != nil:
		return b.readAt(limit)
	}
	return b.raw, nil
}

func (b Body) readAt(limit int64) ([]byte, error) {
	if b.size < 0 {
		return nil, fmt.Errorf("%w: negative size %d", ErrMessage, b.size)
	}
	n := min(b.size, limit+1)
	raw, err := readAll(io.NewSectionReader(b.at, 0, n))
	if err == nil && int64(len(raw)) < n {
		return nil, fmt.Errorf("%w: size %d, but it ends after %d bytes: %w", ErrMessage, b.size, len(raw), io.ErrUnexpectedEOF)
	}
	return raw, err
}

func readAll(r io.Reader) ([]byte, error) {
	raw, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMessage, err)
	}
	return raw, nil
}
