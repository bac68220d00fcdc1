package lists

import (
	"context"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"
	"weak"
)

// Options are about all lists of a Watcher. The zero value looks once a minute
// and keeps nothing on disk.
type Options struct {
	// Every is how often servers are asked that don't say for how long their
	// answer is fresh; 0 means a minute. EveryFile is how often the files of lists
	// are looked at that have no server; 0 means as Every.
	Every, EveryFile time.Duration
	// Dir is where copies of fetched lists are kept, so that a process has them
	// at once when it starts; "" means nowhere.
	Dir string
	// Client fetches lists; nil means one that gives up after 30 seconds.
	Client *http.Client
	// MaxBytes bounds a source once it is unpacked, 0 means 64 MiB; MaxLine a
	// line, 0 means 64 KiB.
	MaxBytes int64
	MaxLine  int
	// Unpack are readers of compressed sources by the end of their name, such
	// as ".zst".
	Unpack map[string]func(io.Reader) (io.Reader, error)
	// Log is told when lists are read, fail and recover; nil means nobody.
	Log *slog.Logger
	// OnStatus, if set, is called when a list was read, could not be, or can be
	// again. It must not block.
	OnStatus func(Status)
}

func (o Options) withDefaults() Options {
	if o.Every <= 0 {
		o.Every = time.Minute
	}
	if o.EveryFile <= 0 {
		o.EveryFile = o.Every
	}
	if o.Client == nil {
		// Polls are minutes apart: a connection would only lie idle.
		o.Client = &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{Proxy: http.ProxyFromEnvironment, DisableKeepAlives: true}}
	}
	if o.MaxBytes <= 0 {
		o.MaxBytes = 64 << 20
	}
	if o.MaxLine <= 0 {
		o.MaxLine = 64 << 10
	}
	return o
}

// A Watcher makes lists and looks after those that are followed. Its zero value
// is not ready for use. There is nothing to close: it runs only as long as
// someone follows a list.
type Watcher struct {
	opt  Options
	lead chan struct{} // has one token while a Follow call does the work
	wake chan struct{} // tells that one that there is more to do

	mu        sync.Mutex
	known     map[string]weak.Pointer[List] // by definition
	sweep     int                           // from how many on to look for those that are gone
	followers []*follower
}

// A follower is a Follow call.
type follower struct {
	lists   []*List
	seen    []*Snapshot
	changed func()
}

// NewWatcher returns a Watcher of no list.
func NewWatcher(o Options) *Watcher {
	return &Watcher{
		opt: o.withDefaults(), lead: make(chan struct{}, 1), wake: make(chan struct{}, 1), known: map[string]weak.Pointer[List]{},
	}
}

// List makes a list, or returns the one that is in use under an equal
// definition. Files, and what is on disk of earlier fetches, are read at once; what
// can't be read is told by the list's Status and read as soon as someone follows
// it. An error wraps ErrDefinition.
func (w *Watcher) List(d Definition) (*List, error) {
	l, err := d.make(w)
	if err != nil {
		return nil, err
	}
	w.mu.Lock()
	id := d.key(d.Sources)
	if known := w.known[id].Value(); known != nil {
		w.mu.Unlock()
		return known, nil
	}
	if len(w.known) > w.sweep {
		maps.DeleteFunc(w.known, func(_ string, p weak.Pointer[List]) bool { return p.Value() == nil })
		w.sweep = 2*len(w.known) + 64
	}
	w.known[id] = weak.Make(l)
	w.mu.Unlock()
	l.load(context.Background(), how{again: true, local: true})
	l.due.Store(0)
	return l, nil
}

// Look reads the files again that changed of all lists in use, without waiting
// for their time. What can't be read is told by the list's Status.
func (w *Watcher) Look(ctx context.Context) {
	w.mu.Lock()
	var all []*List
	for _, p := range w.known {
		if l := p.Value(); l != nil && len(l.sources) > 0 && l.local() {
			all = append(all, l)
		}
	}
	w.mu.Unlock()
	for _, l := range all {
		_, _ = l.load(ctx, how{}) // the Status has it
	}
	w.nudge()
}

// Status returns the status of the lists that someone follows, in no order.
func (w *Watcher) Status() []Status {
	var all []Status
	for _, l := range w.followed() {
		all = append(all, l.Status())
	}
	return all
}

// followed returns the lists that someone follows, each once.
func (w *Watcher) followed() (all []*List) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, f := range w.followers {
		for _, l := range f.lists {
			if !slices.Contains(all, l) {
				all = append(all, l)
			}
		}
	}
	return all
}

// Follow keeps lists up to date until ctx ends. It calls changed, if set, at the
// beginning and whenever some of them hold something new. Of all calls one looks
// after the lists of all; the others only wait. Call it from Check.Start with
// Env.Go.
func Follow(ctx context.Context, changed func(), all ...*List) {
	if changed == nil {
		changed = func() {}
	}
	changed()
	var wg sync.WaitGroup
	var watchers []*Watcher
	for _, l := range all {
		if len(l.sources) > 0 && !slices.Contains(watchers, l.watcher) {
			watchers = append(watchers, l.watcher)
		}
	}
	for _, w := range watchers {
		mine := slices.DeleteFunc(slices.Clone(all), func(l *List) bool { return l.watcher != w || len(l.sources) == 0 })
		wg.Go(func() { w.follow(ctx, &follower{lists: mine, seen: make([]*Snapshot, len(mine)), changed: changed}) })
	}
	wg.Wait()
}

func (w *Watcher) follow(ctx context.Context, f *follower) {
	for i, l := range f.lists {
		f.seen[i] = l.Snapshot()
	}
	w.mu.Lock()
	w.followers = append(w.followers, f)
	w.mu.Unlock()
	defer func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.followers = slices.DeleteFunc(w.followers, func(o *follower) bool { return o == f })
	}()
	w.nudge()
	select {
	case <-ctx.Done():
		return
	case w.lead <- struct{}{}:
	}
	defer func() { <-w.lead }()
	w.run(ctx)
}

// nudge tells who does the work that there is more.
func (w *Watcher) nudge() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// fetches is how many lists are fetched at a time.
const fetches = 4

// run reads lists as they are due until ctx ends. What comes from files is read
// here, what a server has to be asked for beside it.
func (w *Watcher) run(ctx context.Context) {
	var wg sync.WaitGroup
	defer wg.Wait()
	slots := make(chan struct{}, fetches)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		wait := min(w.opt.Every, w.opt.EveryFile)
		now := time.Now()
		for _, l := range w.followed() {
			due := time.Unix(0, l.due.Load()).Sub(now)
			switch {
			case l.busy.Load():
			case due > 0:
				wait = min(wait, due)
			case l.local():
				l.load(ctx, how{})
			default:
				l.busy.Store(true)
				wg.Go(func() {
					defer w.nudge()
					defer l.busy.Store(false)
					select {
					case slots <- struct{}{}:
						defer func() { <-slots }()
						l.load(ctx, how{})
					case <-ctx.Done():
					}
				})
			}
		}
		w.tell()
		timer.Reset(wait)
		select {
		case <-ctx.Done():
			return
		case <-w.wake:
		case <-timer.C:
		}
	}
}

// local reports whether the list comes from files alone.
func (l *List) local() bool {
	return !slices.ContainsFunc(l.sources, func(s *source) bool { return s.url != nil })
}

// tell calls those whose lists hold something new.
func (w *Watcher) tell() {
	w.mu.Lock()
	all := slices.Clone(w.followers)
	w.mu.Unlock()
	for _, f := range all {
		new := false
		for i, l := range f.lists {
			if now := l.Snapshot(); now != f.seen[i] {
				f.seen[i], new = now, true
			}
		}
		if new {
			f.changed()
		}
	}
}
