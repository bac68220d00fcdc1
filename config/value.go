package config

import (
	"errors"
	"io"
	"io/fs"
	"iter"
	"slices"
	"strings"

	"github.com/winnowmail/winnow/checks/option"
	"github.com/winnowmail/winnow/config/ucl"
)

// maxList is how many bytes a file with a list may have.
const maxList = 64 << 20

// Section is a section of the tree for the tables of package checks/option; ok is
// false where there is none.
func (t *Tree) Section(path ...string) (v option.Value, ok bool) {
	if u := t.Root.Get(path...); u != nil {
		return t.Value(u), true
	}
	return nil, false
}

// Value makes u, a value of the tree, one for package checks/option.
func (t *Tree) Value(u *ucl.Value) option.Value { return value{u, t.files} }

// value is a ucl.Value as an option.Value. Files are where lists are read.
type value struct {
	*ucl.Value
	files ucl.Files
}

func (v value) wrap(u *ucl.Value) option.Value { return value{u, v.files} }

func (v value) IsObject() bool {
	_, err := v.Value.AsObject()
	return err == nil
}

func (v value) IsList() bool { return v.Kind == ucl.Array }

func (v value) object() *ucl.Value {
	o, err := v.Value.AsObject()
	if err != nil {
		return nil
	}
	return o
}

func (v value) Get(key string) (option.Value, bool) {
	u := v.object().Get(key)
	if u == nil {
		return nil, false
	}
	return v.wrap(u), true
}

func (v value) All() iter.Seq2[string, option.Value] {
	return func(yield func(string, option.Value) bool) {
		for key, u := range v.object().All() {
			if !yield(key, v.wrap(u)) {
				return
			}
		}
	}
}

func (v value) Items() []option.Value {
	var items []option.Value
	for _, u := range v.AsList() {
		items = append(items, v.wrap(u))
	}
	return items
}

// Errorf wraps what the arguments name with %w, as fmt.Errorf does.
func (v value) Errorf(format string, args ...any) error {
	e := v.Value.Errorf(strings.ReplaceAll(format, "%w", "%v"), args...)
	for _, arg := range args {
		if err, ok := arg.(error); ok {
			e.Err = err
		}
	}
	return e
}

// Entries are the strings of the value, or the lines of the files that they
// name. Of several files those that are missing, and lists in the network, are
// left out, as Rspamd does with what it has not got yet; a single one is an
// option.ErrElsewhere.
func (v value) Entries() ([]string, error) {
	if v.Kind == ucl.Object {
		for _, key := range []string{"urls", "url", "map"} {
			if u := v.Value.Get(key); u != nil {
				return value{u, v.files}.Entries()
			}
		}
	}
	list, err := v.AsStrings()
	if err != nil {
		return nil, err
	}
	upstream := v.Upstream()
	entries := []string{}
	var left error
	n := 0 // sources that were read, single entries included
	for _, s := range list {
		path, fallback := strings.CutPrefix(withoutKind(s), "fallback+")
		path, isFile := strings.CutPrefix(path, "file://")
		isFile = isFile || strings.HasPrefix(path, "/")
		switch {
		case upstream && (fallback || strings.Contains(s, upstreamLists)):
			n++
			continue
		case strings.Contains(s, "://") && !isFile:
			left = v.Errorf("%w: %s is not fetched: keep the list in a file", option.ErrElsewhere, s)
			continue
		case !isFile:
			entries, n = append(entries, s), n+1
			continue
		}
		lines, err := v.lines(path)
		if errors.Is(err, fs.ErrNotExist) {
			left = v.Errorf("%w: the file %s does not exist", option.ErrElsewhere, path)
			continue
		} else if err != nil {
			return nil, v.Errorf("%s: %w", path, err)
		}
		entries, n = append(entries, lines...), n+1
	}
	if n == 0 && left != nil {
		return nil, left
	}
	return entries, nil
}

// withoutKind cuts the word by which Rspamd knows what a file holds.
func withoutKind(s string) string {
	kind, rest, ok := strings.Cut(s, ";")
	if ok && slices.Contains([]string{"glob", "set", "hash", "plain", "radix", "ipnet", "regexp", "re"}, kind) {
		return rest
	}
	return s
}

// upstreamLists is where Rspamd's project keeps its lists.
const upstreamLists = "https://maps.rspamd.com/"

// Upstream says whether the value names one of the lists of Rspamd's project.
func (v value) Upstream() bool {
	if v.Kind == ucl.Object {
		for _, key := range []string{"urls", "url", "map"} {
			if u := v.Value.Get(key); u != nil {
				return value{u, v.files}.Upstream()
			}
		}
	}
	list, _ := v.AsStrings()
	return slices.ContainsFunc(list, func(s string) bool { return strings.Contains(s, upstreamLists) })
}

// lines are those of a file, without comments and blanks around.
func (v value) lines(path string) ([]string, error) {
	f, err := v.files.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxList+1))
	if err != nil {
		return nil, err
	}
	if len(text) > maxList {
		return nil, errors.New("the file is too large")
	}
	var list []string
	for line := range strings.Lines(string(text)) {
		line, _, _ = strings.Cut(line, "#")
		if line = strings.TrimSpace(line); line != "" {
			list = append(list, line)
		}
	}
	return list, nil
}
