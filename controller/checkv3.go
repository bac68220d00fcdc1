package controller

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"slices"
	"strings"
)

// maxMetadata bounds the bytes of a form's metadata.
const maxMetadata = 1 << 20

// errForm is wrapped by errors of a form.
var errForm = errors.New("can't read the form")

// checkForm answers /checkv3: a form of the parts metadata, a JSON object that says
// what the headers of /checkv2 say (rcpt and flags may be lists, settings an
// object), and message. The reply is that of /checkv2, in a form's part "result" unless the client accepts
// application/json.
func (h *handler) checkForm(w http.ResponseWriter, r *http.Request) {
	plain, ok := acceptsForm(r.Header)
	if !ok {
		fail(w, http.StatusNotAcceptable, "the reply is application/json or multipart/form-data")
		return
	}
	metadata, message, err := readForm(r.Header.Get("Content-Type"), http.MaxBytesReader(w, r.Body, h.maxBody))
	if tooLarge, is := errors.AsType[*http.MaxBytesError](err); is {
		fail(w, http.StatusRequestEntityTooLarge, "the form is longer than %d bytes", tooLarge.Limit)
		return
	}
	header := http.Header{}
	if err == nil {
		header, err = metadataHeader(metadata)
	}
	if err != nil {
		fail(w, http.StatusBadRequest, "%v", err)
		return
	}
	for name, values := range r.Header { // of HTTP itself, such as what a proxy says
		if foreign(strings.ToLower(name)) && !strings.EqualFold(name, "Content-Type") {
			header[name] = values
		}
	}
	inner := r.Clone(r.Context())
	inner.Header, inner.Body, inner.ContentLength = header, io.NopCloser(bytes.NewReader(message)), int64(len(message))
	if plain {
		h.check(w, inner)
		return
	}
	form := &formWriter{to: w}
	h.check(form, inner)
	form.end()
}

// acceptsForm says whether a form may be the reply, and whether plain JSON has to be.
func acceptsForm(header http.Header) (plain, ok bool) {
	accepted := strings.Join(header.Values("Accept"), ",")
	if strings.TrimSpace(accepted) == "" {
		return false, true
	}
	for item := range strings.SplitSeq(accepted, ",") {
		kind, _, err := mime.ParseMediaType(item)
		switch {
		case err != nil:
		case kind == "*/*" || kind == "multipart/form-data" || kind == "multipart/*":
			return false, true
		case kind == "application/json" || kind == "application/*":
			plain, ok = true, true
		}
	}
	return plain, ok
}

// readForm returns the two parts of a form, in whatever order they come.
func readForm(contentType string, body io.Reader) (metadata, message []byte, err error) {
	kind, params, err := mime.ParseMediaType(contentType)
	if err != nil || kind != "multipart/form-data" || params["boundary"] == "" {
		return nil, nil, fmt.Errorf("%w: Content-Type %q is no multipart/form-data with a boundary", errForm, contentType)
	}
	form := multipart.NewReader(body, params["boundary"])
	for {
		part, err := form.NextRawPart()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, nil, fmt.Errorf("%w: %w", errForm, err)
		}
		into, most := &message, int64(-1)
		switch name := part.FormName(); {
		case name == "metadata":
			into, most = &metadata, maxMetadata
		case name != "message":
			return nil, nil, fmt.Errorf("%w: it has a part %q", errForm, name)
		}
		if *into != nil {
			return nil, nil, fmt.Errorf("%w: the part %q is there twice", errForm, part.FormName())
		}
		if encoding := part.Header.Get("Content-Encoding"); encoding != "" && !strings.EqualFold(encoding, "identity") {
			return nil, nil, fmt.Errorf("%w: %w: %s; send parts as they are", errForm, errEncoding, encoding)
		}
		if *into, err = readPart(part, most); err != nil {
			return nil, nil, err
		}
	}
	for name, data := range map[string][]byte{"metadata": metadata, "message": message} {
		if len(data) == 0 {
			return nil, nil, fmt.Errorf("%w: the part %q is missing or empty", errForm, name)
		}
	}
	return metadata, message, nil
}

// readPart reads a part of no more than most bytes; a negative number is no bound.
func readPart(part io.Reader, most int64) ([]byte, error) {
	if most >= 0 {
		part = io.LimitReader(part, most+1)
	}
	data, err := io.ReadAll(part)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errForm, err)
	}
	if most >= 0 && int64(len(data)) > most {
		return nil, fmt.Errorf("%w: the metadata is longer than %d bytes", errForm, most)
	}
	return append([]byte{}, data...), nil
}

// metadataHeader writes metadata as the headers of /checkv2.
func metadataHeader(data []byte) (http.Header, error) {
	var metadata map[string]json.RawMessage
	if err := json.Unmarshal(data, &metadata); err != nil || metadata == nil {
		return nil, fmt.Errorf("%w: the metadata is no JSON object", errForm)
	}
	header := http.Header{}
	for _, key := range slices.Sorted(maps.Keys(metadata)) {
		values, err := metadataValues(metadata[key])
		if err != nil {
			return nil, fmt.Errorf("%w: metadata: %s: %w", errForm, key, err)
		}
		name := textproto.CanonicalMIMEHeaderKey(strings.ReplaceAll(key, "_", "-"))
		if foreign(strings.ToLower(name)) || key == "headers" { // names of HTTP mean nothing here
			name = "Metadata-" + name
		}
		header[name] = append(header[name], values...)
	}
	return header, nil
}

// metadataValues writes one value as a header has it, and a list as several.
func metadataValues(raw json.RawMessage) ([]string, error) {
	var v any
	if err := json.Unmarshal(raw, &v); err != nil {
		return nil, err
	}
	switch v := v.(type) {
	case nil:
		return nil, nil
	case string:
		return []string{v}, nil
	case []any:
		var all []string
		for _, item := range v {
			s, ok := item.(string)
			if !ok {
				return nil, errors.New("a list of strings is needed")
			}
			all = append(all, s)
		}
		return all, nil
	}
	return []string{string(raw)}, nil // numbers, booleans and objects as they are written
}

// A formWriter puts a JSON reply of status 200 into a form.
type formWriter struct {
	to     http.ResponseWriter
	status int
	body   bytes.Buffer
}

func (f *formWriter) Header() http.Header { return f.to.Header() }

func (f *formWriter) WriteHeader(status int) { f.status = status }

func (f *formWriter) Write(p []byte) (int, error) { return f.body.Write(p) }

// end sends what was written.
func (f *formWriter) end() {
	if f.status != http.StatusOK {
		reply(f.to, f.status, "application/json", f.body.Bytes())
		return
	}
	var out bytes.Buffer
	form := multipart.NewWriter(&out)
	part, err := form.CreatePart(textproto.MIMEHeader{"Content-Disposition": {`form-data; name="result"`}, "Content-Type": {"application/json"}})
	if err == nil {
		_, err = part.Write(f.body.Bytes())
	}
	if err = errors.Join(err, form.Close()); err != nil {
		fail(f.to, http.StatusInternalServerError, "%v", err) // a buffer takes everything
		return
	}
	reply(f.to, http.StatusOK, form.FormDataContentType(), out.Bytes())
}
