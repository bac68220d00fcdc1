package lists

import (
	"context"
	"errors"
	"time"
)

// A Status tells how a list is.
type Status struct {
	Name    string
	Kind    Kind
	Sources []string
	Entries int
	Bytes   int // of memory, about
	// Loaded is when the contents in use were read, zero if none were yet;
	// Checked when that was last tried.
	Loaded, Checked time.Time
	// Fallback tells that the contents are those of a fallback.
	Fallback bool
	// Err is what the latest try failed of, nil if it did not; Failures is how
	// many tries have failed since the start.
	Err      error
	Failures int64
	// BadLines is how many lines the contents in use lack; Bad are the first of
	// them.
	BadLines int
	Bad      []LineError
}

// Status tells how the list is.
func (l *List) Status() Status {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.status
}

// load reads the list if a source of it changed. It reports whether the contents
// were read anew. One call runs at a time.
func (l *List) load(ctx context.Context, h how) (changed bool, err error) {
	l.loading.Lock()
	defer l.loading.Unlock()
	h.keep = len(l.sources) > 1
	h.again = h.again || l.pending
	texts, changed, err := l.texts(ctx, h)
	if errors.Is(err, context.Canceled) && ctx.Err() != nil {
		l.pending = l.pending || changed
		return false, err
	}
	if h.local && errors.Is(err, errNotYet) {
		return false, nil
	}
	l.pending = changed
	fallback := false
	if err != nil && texts == nil && l.Status().Loaded.IsZero() {
		texts = l.fallbackTexts(ctx, h)
		fallback = texts != nil
	}
	if texts != nil {
		if used := l.use(texts, fallback); used != nil {
			texts, err = nil, errors.Join(err, used)
		} else {
			l.pending = false
		}
	}
	l.note(err, texts != nil)
	return texts != nil, err
}

// texts returns the texts of the sources, nil if none changed and none is wanted
// again. With an error there may be texts: copies of what can't be had now.
// changed tells that something did even where the rest could not be read.
func (l *List) texts(ctx context.Context, h how) (texts []text, changed bool, err error) {
	texts = l.def.entries()
	changed = h.again || len(l.sources) == 0
	main := make([]*source, 0, len(l.sources))
	for _, s := range l.sources {
		if !s.fallback {
			main = append(main, s)
		}
	}
	got := make([][]byte, len(main))
	for i, s := range main {
		data, new, readErr := s.read(ctx, l, h)
		if readErr != nil {
			err = errors.Join(err, readErr)
			if data == nil {
				return nil, changed, err
			}
		}
		got[i], changed = data, changed || new
	}
	if !changed {
		return nil, false, err
	}
	for i, s := range main {
		if got[i] == nil { // another one changed
			var readErr error
			if got[i], _, readErr = s.read(ctx, l, how{again: true, local: true, keep: h.keep}); readErr != nil {
				return nil, true, errors.Join(err, readErr)
			}
		}
		texts = append(texts, text{s.text, got[i]})
	}
	return texts, true, err
}

// fallbackTexts returns the texts of the first fallback that can be read.
func (l *List) fallbackTexts(ctx context.Context, h how) []text {
	for _, s := range l.sources {
		if !s.fallback {
			continue
		}
		h.again = true
		if data, _, err := s.read(ctx, l, h); err == nil {
			return append(l.def.entries(), text{s.text, data})
		}
	}
	return nil
}

// use makes the texts the contents. Texts that are what the list holds already
// leave it as it is.
func (l *List) use(texts []text, fallback bool) error {
	sum := digestOf(texts)
	if l.Status().Loaded.IsZero() || sum != l.sum {
		b, err := build(l.def, l.watcher.opt.MaxLine, texts)
		if err != nil {
			return err
		}
		l.now.Store(b.snap)
		l.mu.Lock()
		l.status.Entries, l.status.Bytes = b.snap.Len(), b.snap.Bytes()
		l.status.BadLines, l.status.Bad = b.badN, b.bad
		l.mu.Unlock()
		for _, bad := range b.bad {
			l.log().Warn("a line of the list can't be used", "err", &bad)
		}
		l.log().Info("list read", "entries", b.snap.Len(), "bad", b.badN)
	}
	l.sum = sum
	l.mu.Lock()
	defer l.mu.Unlock()
	l.status.Loaded, l.status.Fallback = time.Now(), fallback
	return nil
}

// note notes how a try ended, and says when the next one is due.
func (l *List) note(err error, read bool) {
	now := time.Now()
	l.mu.Lock()
	was := l.status.Err
	l.status.Checked, l.status.Err = now, err
	if err != nil {
		l.status.Failures++
	}
	status := l.status
	l.mu.Unlock()
	every := l.watcher.opt.Every
	if l.local() {
		every = l.watcher.opt.EveryFile
	}
	l.due.Store(now.Add(every).UnixNano())
	switch {
	case err != nil && was == nil:
		l.log().Warn("the list can't be read; what was read before stays", "err", err)
	case err != nil:
		l.log().Debug("the list still can't be read", "err", err)
	case was != nil:
		l.log().Info("the list can be read again")
	}
	if f := l.watcher.opt.OnStatus; f != nil && (read || err != nil || was != nil) {
		f(status)
	}
}
