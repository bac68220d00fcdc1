package mail

// A Header is one header block: the message's own or a part's.
type Header struct {
	fields []*Field
	index  map[string][]int // lower-case name → positions
}

// A Field is one header field as it stands in the message.
type Field struct {
	name   string
	off, n int // range in the raw message, terminating line end included
	sepEnd int // where the value begins, after colon and following white space
	msg    *Message
}

// Fields returns all fields in order, top first.
func (h *Header) Fields() []*Field { return h.fields }

// Get returns the first field of that name, ignoring case, or nil.
func (h *Header) Get(name string) *Field { panic("todo") }

// All returns the fields of that name, ignoring case, top first.
func (h *Header) All(name string) []*Field { panic("todo") }

// Has reports whether a field of that name exists.
func (h *Header) Has(name string) bool { return h.Get(name) != nil }

// Value returns the unfolded raw value of the first field of that name
// (RFC 2047 not decoded), "" if there is none.
func (h *Header) Value(name string) string { return h.Get(name).Value() }

// Text returns the decoded value of the first field of that name, "" if
// there is none.
func (h *Header) Text(name string) string { return h.Get(name).Text() }

// Name returns the field's name as the message spells it.
func (f *Field) Name() string { return f.name }

// Raw returns the field with name and line ends, exactly as received.
func (f *Field) Raw() []byte { panic("todo") }

// RawValue returns the bytes after the colon with folding kept, without the
// last line end.
func (f *Field) RawValue() []byte { panic("todo") }

// Value returns the value unfolded (each fold becomes one space) and trimmed
// of surrounding white space, in the bytes received: not decoded, perhaps not
// valid UTF-8. This is what Rspamd's rules call the raw header. It returns ""
// on nil.
func (f *Field) Value() string { panic("todo") }

// Text returns Value with encoded words decoded, as valid UTF-8. It returns
// "" on nil.
func (f *Field) Text() string { panic("todo") }

// Separator returns the white space between colon and value, "" if there is
// none; a separator that folds is returned as written.
func (f *Field) Separator() string { panic("todo") }

// Range returns the field's byte range in the raw message.
func (f *Field) Range() (offset, length int) { return f.off, f.n }

// Header returns the message's own header.
func (m *Message) Header() *Header { panic("todo") }
