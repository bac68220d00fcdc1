package lists

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path"
	"strings"
	"time"
)

// A source is one place that a list comes from, and what is known of it. Who
// loads the list has it alone.
type source struct {
	text     string // as messages have it
	path     string // of a file, else url is set
	url      *url.URL
	fallback bool

	info os.FileInfo // of the file that was read

	tag, modified string    // what the server said of the body
	fresh         time.Time // until when that is to be used without asking
	body          []byte    // what was fetched, if it is wanted again and not on disk
	saved         bool      // it is on disk
	had           bool      // there is a body, wherever it is
}

// errUnknownSource is of sources that name no file and no HTTP server.
var errUnknownSource = errors.New("neither a file nor an http or https address")

func parseSource(s string) (*source, error) {
	out := &source{text: redact(s)}
	s, out.fallback = strings.CutPrefix(s, "fallback+")
	scheme, rest, has := strings.Cut(s, "://")
	switch {
	case s == "":
		return nil, errUnknownSource
	case !has:
		out.path = strings.TrimPrefix(s, "file:")
	case scheme == "file" || scheme == "cdb":
		out.path = rest
	case scheme == "http" || scheme == "https":
		u, err := url.Parse(s)
		if err != nil || u.Host == "" {
			return nil, errors.New("no address of a server")
		}
		out.url = u
	case strings.HasPrefix(scheme, "sign+") || strings.HasPrefix(scheme, "key="):
		return nil, errors.New("signed lists are not supported")
	default:
		return nil, errUnknownSource
	}
	if out.url == nil && out.path == "" {
		return nil, errUnknownSource
	}
	return out, nil
}

// redact hides the password of an address.
func redact(s string) string {
	if !strings.Contains(s, "@") || !strings.Contains(s, "://") {
		return s
	}
	if u, err := url.Parse(s); err == nil {
		return u.Redacted()
	}
	return s
}

// unpacked returns what data is once it is unpacked, if the source's name ends
// in that of a compression.
func (s *source) unpacked(data io.Reader, opt *Options) (io.Reader, error) {
	name := s.path
	if s.url != nil {
		name = s.url.Path
	}
	unpack := opt.Unpack[path.Ext(name)]
	if unpack == nil {
		return data, nil
	}
	return unpack(data)
}

// ErrTooLarge is of lists that have more bytes than Options.MaxBytes.
var ErrTooLarge = errors.New("lists: larger than it may be")

// readAll reads and unpacks a source within the bound.
func (s *source) readAll(from io.Reader, opt *Options) ([]byte, error) {
	r, err := s.unpacked(from, opt)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(r, opt.MaxBytes+1))
	if closer, ok := r.(io.Closer); ok && r != from {
		err = errors.Join(err, closer.Close())
	}
	if err == nil && int64(len(data)) > opt.MaxBytes {
		err = fmt.Errorf("%w: more than %d bytes", ErrTooLarge, opt.MaxBytes)
	}
	if err != nil {
		return nil, err
	}
	return data, nil
}

// errChanging is of files that are written to while they are read.
var errChanging = errors.New("the file changes while it is read")

// readFile reads the file; changed is false when it is the one that was read
// before, and data is then nil unless again.
func (s *source) readFile(opt *Options, again bool) (data []byte, changed bool, err error) {
	f, err := os.Open(s.path)
	if err != nil {
		return nil, false, err
	}
	defer f.Close()
	before, err := f.Stat()
	if err != nil {
		return nil, false, err
	}
	if before.IsDir() {
		return nil, false, fmt.Errorf("%s: is a directory", s.path)
	}
	if !again && s.info != nil && same(s.info, before) {
		return nil, false, nil
	}
	if data, err = s.readAll(f, opt); err != nil {
		return nil, false, fmt.Errorf("%s: %w", s.path, err)
	}
	after, err := f.Stat()
	if err != nil {
		return nil, false, err
	}
	if !same(before, after) {
		return nil, false, fmt.Errorf("%s: %w", s.path, errChanging)
	}
	s.info = after
	return data, true, nil
}

// same reports whether two states of a file are of one version.
func same(a, b os.FileInfo) bool {
	return os.SameFile(a, b) && a.Size() == b.Size() && a.ModTime().Equal(b.ModTime())
}

// read reads the source, again or if it changed.
func (s *source) read(ctx context.Context, l *List, how how) (data []byte, changed bool, err error) {
	opt := &l.watcher.opt
	if s.url == nil {
		return s.readFile(opt, how.again)
	}
	return s.fetch(ctx, l, how)
}

// how says how a list is read.
type how struct {
	again bool // whether or not it changed
	local bool // without the network
	ask   bool // servers, too, that said that there is nothing new yet
	keep  bool // the body of an answer will be wanted again
}
