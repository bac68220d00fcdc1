package signing

import (
	"bytes"
	"crypto"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/winnowmail/winnow/internal/dkimsig"
	"github.com/winnowmail/winnow/mail"
)

// A Field is a header field to be put on top of a message's header, as Name,
// a colon, a space and Value. The value is folded with CRLF and a tab; hosts
// that use other line ends may change them, and nothing else.
type Field struct{ Name, Value string }

// raw is the field as a message has it.
func (f Field) raw() []byte { return []byte(f.Name + ": " + f.Value + "\r\n") }

// Errors of messages that can't be signed.
var (
	errCut  = errors.New("it goes beyond the parser's limits, and the signature would be for a part of it")
	errLine = errors.New("its header has a line that is no field, which every verifier reads in its own way")
)

// whole returns an error for a message that its verifiers may see otherwise
// than we do.
func whole(m *mail.Message) error {
	fieldless := len(m.Header().Fields()) == 0 // it is all body where it gets a header
	for _, n := range m.HeaderNotes() {
		switch {
		case n.Part != "":
		case n.Kind == mail.NoteCut && (n.Text == "Size" || n.Text == "HeaderBytes" || n.Text == "Headers"):
			return errCut
		case n.Kind == mail.NoteBadHeaderLine && (fieldless || !isField(m.Raw()[n.Offset:])):
			return errLine
		}
	}
	return nil
}

// isField reports whether a line is a field whose name does not begin with a
// letter: package mail does not take it for one and verifiers do.
func isField(raw []byte) bool {
	line, _, _ := bytes.Cut(raw, []byte("\n"))
	name, _, ok := bytes.Cut(line, []byte(":"))
	return ok && isFieldName(string(bytes.TrimRight(name, " \t")))
}

// A view is a message as verifiers see it.
type view struct {
	header *dkimsig.Header
	body   *dkimsig.Body
	err    error // why it can't be signed
}

func viewOf(m *mail.Message) *view {
	head := m.Raw()[:len(m.Raw())-len(m.Body())]
	return &view{dkimsig.NewHeader(head), dkimsig.NewBody(m.Body()), whole(m)}
}

// Sign makes the DKIM-Signature of a message for an identity.
func (f Format) Sign(m *mail.Message, id Identity, key crypto.Signer, now time.Time) (Field, error) {
	form, err := f.read(DefaultHeaders)
	if err != nil {
		return Field{}, err
	}
	return form.sign(viewOf(m), id, key, now)
}

func (f *form) sign(v *view, id Identity, key crypto.Signer, now time.Time) (Field, error) {
	return f.message(dkimsig.DKIM, "v=1;", v, id, key, now)
}

// message makes a signature of the message itself, which begins with a tag.
func (f *form) message(kind dkimsig.Kind, begin string, v *view, id Identity, key crypto.Signer, now time.Time) (Field, error) {
	if v.err != nil {
		return Field{}, v.err
	}
	if err := id.check(); err != nil {
		return Field{}, err
	}
	a, err := dkimsig.SignerAlgorithm(key)
	if err != nil {
		return Field{}, err
	}
	names, err := f.names(v.header)
	if err != nil {
		return Field{}, err
	}
	sum, err := v.body.Hash(f.body, a.Hash, -1)
	if err != nil {
		return Field{}, err
	}
	w := newFieldWriter(kind.FieldName())
	w.tag(begin)
	w.tag("a=" + a.String() + ";")
	w.tag("c=" + f.header.String() + "/" + f.body.String() + ";")
	w.tag("d=" + id.Domain + ";")
	w.tag("s=" + id.Selector + ";")
	if f.expire > 0 {
		w.tag("x=" + unix(now.Add(f.expire)) + ";")
	}
	w.tag("t=" + unix(now) + ";")
	w.names(names)
	w.tag("bh=" + base64.StdEncoding.EncodeToString(sum.Sum) + ";")
	w.tag("b=")
	h := a.Hash.New()
	own := w.bytes()
	dkimsig.HashHeader(h, f.header, dkimsig.Select(v.header, names), own, len(own), len(own))
	return w.sign(key, h.Sum(nil))
}

func unix(t time.Time) string { return strconv.FormatInt(t.Unix(), 10) }

// lineWidth is how long a folded line gets at most, if its words allow it
// (RFC 5322 section 2.1.1).
const lineWidth = 76

// A fieldWriter writes a field in folded lines.
type fieldWriter struct {
	name string
	b    strings.Builder
	col  int
}

func newFieldWriter(name string) *fieldWriter {
	w := &fieldWriter{name: name}
	w.b.WriteString(name + ": ")
	w.col = w.b.Len()
	return w
}

func (w *fieldWriter) bytes() []byte { return []byte(w.b.String()) }

// tag writes a word after a space, or on a line of its own. After "b=" it
// leaves room for the first characters of the signature.
func (w *fieldWriter) tag(word string) {
	n := len(word)
	if word == "b=" {
		n += 16
	}
	if w.b.Len() > len(w.name)+2 {
		if w.col+1+n > lineWidth {
			w.fold()
		} else {
			w.b.WriteByte(' ')
			w.col++
		}
	}
	w.write(word)
}

func (w *fieldWriter) write(s string) {
	w.b.WriteString(s)
	w.col += len(s)
}

func (w *fieldWriter) fold() {
	w.b.WriteString("\r\n\t")
	w.col = 8
}

// names writes h=, which may fold after each of its colons.
func (w *fieldWriter) names(names []string) {
	w.tag("h=" + names[0])
	for _, name := range names[1:] {
		w.write(":")
		if w.col+len(name)+1 > lineWidth {
			w.fold()
		}
		w.write(name)
	}
	w.write(";")
}

// sign writes the signature of digest, which ends the field.
func (w *fieldWriter) sign(key crypto.Signer, digest []byte) (Field, error) {
	sig, err := dkimsig.Sign(key, digest)
	if err != nil {
		return Field{}, fmt.Errorf("the key does not sign: %w", err)
	}
	b64 := base64.StdEncoding.EncodeToString(sig)
	for len(b64) > 0 {
		if w.col >= lineWidth {
			w.fold()
		}
		n := min(len(b64), lineWidth-w.col)
		w.write(b64[:n])
		b64 = b64[n:]
	}
	return Field{w.name, w.b.String()[len(w.name)+2:]}, nil
}
