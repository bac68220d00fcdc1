package winnow

import (
	"errors"
	"fmt"
	"io"

	"github.com/winnowmail/winnow/mail"
)

// A Message is one message to scan: its envelope and its bytes, in one of
// three forms. Raw is used as it is and must not be changed afterwards; Body
// and Reader are read up to Limits.Size.
type Message struct {
	Envelope mail.Envelope
	Raw      []byte
	Body     io.ReaderAt // with Size
	Size     int64
	Reader   io.Reader
	// Settings apply to the whole message and take the place of those that
	// Options.Settings would give for it.
	Settings *Settings
	// RcptSettings are settings of single recipients by envelope address;
	// a recipient that is missing is looked up by Options.Settings.
	RcptSettings map[string]*Settings
	// Record asks for Result.Transcript.
	Record bool
}

// errMessage is wrapped by errors about the Message handed in.
var errMessage = errors.New("winnow: bad message")

// read returns the bytes to scan. Of a reader it takes one byte more than
// limit, so that package mail sees and notes that the message is longer.
func (m *Message) read(limit int64) ([]byte, error) {
	set := 0
	for _, has := range []bool{m.Raw != nil, m.Body != nil, m.Reader != nil} {
		if has {
			set++
		}
	}
	r := m.Reader
	switch {
	case set > 1:
		return nil, fmt.Errorf("%w: more than one of Raw, Body and Reader is set", errMessage)
	case m.Body != nil:
		r = io.NewSectionReader(m.Body, 0, m.Size)
	case m.Reader == nil:
		return m.Raw, nil
	}
	raw, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errMessage, err)
	}
	return raw, nil
}
