package lists

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// errNotYet is of sources that were not fetched yet.
var errNotYet = errors.New("not fetched yet")

// An HTTPError says that a server answered with another status than 200 and 304.
type HTTPError struct {
	URL    string
	Status int
}

func (e *HTTPError) Error() string {
	return fmt.Sprintf("%s: HTTP status %d", e.URL, e.Status)
}

// fetch asks the server for the list under the conditions of RFC 9110 section 13,
// so that one that did not change is not sent again.
func (s *source) fetch(ctx context.Context, l *List, how how) (data []byte, changed bool, err error) {
	opt := &l.watcher.opt
	if !s.had {
		// The copy of an earlier run.
		if saved, ok := s.restore(opt); ok {
			data, changed = saved, true
		}
	}
	now := time.Now()
	if how.local || !how.ask && s.had && now.Before(s.fresh) {
		return s.unchanged(opt, how, data, changed)
	}
	answer, err := s.get(ctx, opt)
	if err != nil {
		s.fresh = time.Time{}
		if data != nil { // the copy, until the server answers
			return data, true, err
		}
		return nil, false, err
	}
	defer answer.Body.Close()
	s.fresh = freshUntil(answer.Header, now)
	if answer.StatusCode == http.StatusNotModified && s.had {
		return s.unchanged(opt, how, data, changed)
	}
	if data, err = s.readAll(answer.Body, opt); err != nil {
		s.fresh = time.Time{}
		return nil, false, fmt.Errorf("%s: %w", s.text, err)
	}
	s.tag, s.modified, s.had = answer.Header.Get("ETag"), answer.Header.Get("Last-Modified"), true
	s.save(l, data, answer.Header)
	s.body = nil
	if how.keep && !s.saved {
		s.body = data
	}
	return data, true, nil
}

// unchanged returns the body that is there.
func (s *source) unchanged(opt *Options, how how, data []byte, changed bool) ([]byte, bool, error) {
	switch {
	case !s.had:
		return nil, false, errNotYet
	case data == nil && how.again:
		if data = s.body; data == nil {
			if data, _ = s.restore(opt); data == nil {
				s.had, s.tag, s.modified = false, "", "" // fetch it whole next time
				return nil, false, errNotYet
			}
		}
	}
	return data, changed, nil
}

// get sends the request; the answer has status 200 or 304.
func (s *source) get(ctx context.Context, opt *Options) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url.String(), nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("User-Agent", "winnow")
	if s.had && s.tag != "" {
		req.Header.Set("If-None-Match", s.tag)
	}
	if s.had && s.modified != "" {
		req.Header.Set("If-Modified-Since", s.modified)
	}
	answer, err := opt.Client.Do(req)
	if err != nil {
		return nil, err
	}
	if answer.StatusCode != http.StatusOK && answer.StatusCode != http.StatusNotModified {
		answer.Body.Close()
		return nil, &HTTPError{s.text, answer.StatusCode}
	}
	return answer, nil
}

// longest bounds how long a server may say that its list is fresh.
const longest = 24 * time.Hour

// freshUntil returns until when an answer is fresh (RFC 9111 section 4.2.1); zero
// means that it does not say.
func freshUntil(h http.Header, now time.Time) time.Time {
	for directive := range strings.SplitSeq(strings.Join(h.Values("Cache-Control"), ","), ",") {
		name, value, _ := strings.Cut(strings.ToLower(strings.TrimSpace(directive)), "=")
		switch name {
		case "no-cache", "no-store":
			return time.Time{}
		case "max-age":
			if n, err := strconv.Atoi(strings.Trim(value, `"`)); err == nil && n >= 0 {
				return now.Add(min(time.Duration(n)*time.Second, longest))
			}
			return time.Time{}
		}
	}
	if at, err := http.ParseTime(h.Get("Expires")); err == nil && at.After(now) {
		return now.Add(min(at.Sub(now), longest))
	}
	return time.Time{}
}

// A saved is the first line of a list's copy on disk; the list follows.
type saved struct {
	ETag, Modified string
	Fresh          time.Time
	Digest         string // of the list
}

// file returns where the copy is, "" if there is to be none.
func (s *source) file(opt *Options) string {
	if opt.Dir == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(s.url.String()))
	return filepath.Join(opt.Dir, hex.EncodeToString(sum[:16])+".list")
}

// save keeps a copy on disk. That it can't is told, and no reason not to use the
// list.
func (s *source) save(l *List, data []byte, h http.Header) {
	name := s.file(&l.watcher.opt)
	s.saved = false
	if name == "" || strings.Contains(strings.ToLower(h.Get("Cache-Control")), "no-store") {
		return
	}
	head, err := json.Marshal(saved{s.tag, s.modified, s.fresh, digest(data)})
	if err == nil {
		err = writeWhole(name, bytes.Join([][]byte{head, data}, []byte{'\n'}))
	}
	if err != nil {
		l.log().Warn("the list can't be kept on disk", "err", err)
		return
	}
	s.saved = true
}

// writeWhole replaces a file by one that is there whole or not at all.
func writeWhole(name string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(name), ".list-*")
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}

// restore reads the copy on disk; one that is damaged or too large counts as
// none.
func (s *source) restore(opt *Options) (data []byte, ok bool) {
	name := s.file(opt)
	if name == "" {
		return nil, false
	}
	info, err := os.Stat(name)
	if err != nil || info.Size() > opt.MaxBytes+4096 {
		return nil, false
	}
	all, err := os.ReadFile(name)
	if err != nil {
		return nil, false
	}
	line, data, _ := bytes.Cut(all, []byte{'\n'})
	var head saved
	if json.Unmarshal(line, &head) != nil || head.Digest != digest(data) {
		return nil, false
	}
	s.tag, s.modified, s.fresh, s.had, s.saved = head.ETag, head.Modified, head.Fresh, true, true
	return data, true
}
