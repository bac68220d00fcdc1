package controller

import (
	"context"
	"encoding/json"
	"net/http"
	"runtime/metrics"
	"sync"
	"time"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/actions"
)

// Counters are what /stat tells of the requests since the start. The zero value is
// ready. It is safe for concurrent use.
type Counters struct {
	mu       sync.Mutex
	began    time.Time // the first handler
	requests int
	scanned  int
	learned  int
	actions  map[actions.Action]int
	times    [scanTimes]*float64 // of the latest scans, in seconds
}

// scanTimes is how many /stat lists, as in Rspamd 4.1.6.
const scanTimes = 31

// begin notes when the first handler was made.
func (c *Counters) begin() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.began.IsZero() {
		c.began = time.Now()
	}
}

func (c *Counters) request() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.requests++
}

// Scan counts a scan that did not come through the handler, such as a milter's.
func (c *Counters) Scan(r *winnow.Result) {
	took := r.Took.Seconds()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.times[c.scanned%scanTimes] = &took
	c.scanned++
	if c.actions == nil {
		c.actions = map[actions.Action]int{}
	}
	c.actions[r.Action]++
}

func (c *Counters) lesson() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.learned++
}

// A statReply is the reply to /stat as Rspamd 4.1.6 gives it, but for counts of its
// memory pools.
type statReply struct {
	Version            string              `json:"version"`
	ConfigID           string              `json:"config_id"`
	Uptime             int64               `json:"uptime"`
	ReadOnly           bool                `json:"read_only"`
	Scanned            int                 `json:"scanned"`
	Learned            int                 `json:"learned"`
	Actions            actionCounts        `json:"actions"`
	ScanTimes          [scanTimes]*float64 `json:"scan_times"`
	SpamCount          int                 `json:"spam_count"`
	HamCount           int                 `json:"ham_count"`
	Connections        int                 `json:"connections"`
	ControlConnections int                 `json:"control_connections"`
	BytesAllocated     uint64              `json:"bytes_allocated"`
	TotalLearns        int                 `json:"total_learns"`
	Statfiles          []statfile          `json:"statfiles"`
}

// actionCounts are in Rspamd's order.
type actionCounts struct {
	Reject         int `json:"reject"`
	SoftReject     int `json:"soft reject"`
	RewriteSubject int `json:"rewrite subject"`
	AddHeader      int `json:"add header"`
	Greylist       int `json:"greylist"`
	NoAction       int `json:"no action"`
}

// A statfile is what is learned of one class; Revision counts its lessons.
type statfile struct {
	Revision   int        `json:"revision"`
	Users      int        `json:"users"`
	Used       int        `json:"used"`
	Total      int        `json:"total"`
	Size       int        `json:"size"`
	Symbol     string     `json:"symbol"`
	Type       string     `json:"type"`
	Languages  int        `json:"languages"`
	Classifier classifier `json:"classifier"`
	Class      string     `json:"class"`
}

type classifier struct {
	Name    string   `json:"name"`
	Type    string   `json:"type"`
	PerUser bool     `json:"per_user"`
	Classes []string `json:"classes,omitempty"`
}

// An authReply is the reply to /auth, which rspamc takes for "uptime".
type authReply struct {
	Version    string `json:"version"`
	Auth       string `json:"auth"`
	Uptime     int64  `json:"uptime"`
	Clean      int    `json:"clean"`
	Probable   int    `json:"probable"`
	Greylist   int    `json:"greylist"`
	Reject     int    `json:"reject"`
	SoftReject int    `json:"soft_reject"`
	Scanned    int    `json:"scanned"`
	Learned    int    `json:"learned"`
	ReadOnly   bool   `json:"read_only"`
	ConfigID   string `json:"config_id"`
}

// auth answers /auth: whoever gets here was let in.
func (h *handler) auth(w http.ResponseWriter, r *http.Request) {
	if !allow(w, r, http.MethodGet, http.MethodHead, http.MethodPost) {
		return
	}
	s := h.counters.reply(false)
	a := &s.Actions
	b, err := json.Marshal(authReply{
		Version: s.Version, Auth: "ok", Uptime: s.Uptime, Scanned: s.Scanned, Learned: s.Learned,
		Clean: a.NoAction, Probable: a.AddHeader, Greylist: a.Greylist, Reject: a.Reject, SoftReject: a.SoftReject,
	})
	if err != nil {
		fail(w, http.StatusInternalServerError, "%v", err)
		return
	}
	reply(w, http.StatusOK, "application/json", b)
}

// stat answers /stat, and /statreset, which begins to count anew.
func (h *handler) stat(w http.ResponseWriter, r *http.Request, reset bool) {
	if !allow(w, r, http.MethodGet, http.MethodHead, http.MethodPost) {
		return
	}
	s := h.counters.reply(reset)
	if h.teacher != nil {
		s.taught(h.learnedBy(r.Context()))
	}
	b, err := json.Marshal(s)
	if err != nil {
		fail(w, http.StatusInternalServerError, "%v", err)
		return
	}
	reply(w, http.StatusOK, "application/json", b)
}

func (c *Counters) reply(reset bool) *statReply {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := &statReply{
		Version: "winnow", Uptime: int64(time.Since(c.began).Seconds()), Scanned: c.scanned, Learned: c.learned,
		ScanTimes: c.times, ControlConnections: c.requests, BytesAllocated: memory(), Statfiles: []statfile{},
		Actions: actionCounts{
			Reject: c.actions[actions.Reject], SoftReject: c.actions[actions.SoftReject], RewriteSubject: c.actions[actions.RewriteSubject],
			AddHeader: c.actions[actions.AddHeader], Greylist: c.actions[actions.Greylist], NoAction: c.actions[actions.NoAction],
		},
	}
	a := &s.Actions
	s.SpamCount = a.Reject + a.SoftReject + a.RewriteSubject + a.AddHeader // as Rspamd counts
	s.HamCount = a.Greylist + a.NoAction
	if reset {
		c.scanned, c.learned, c.actions, c.times = 0, 0, nil, [scanTimes]*float64{}
	}
	return s
}

// memory is what the process has from the system, in bytes.
func memory() uint64 {
	sample := []metrics.Sample{{Name: "/memory/classes/total:bytes"}}
	metrics.Read(sample)
	if sample[0].Value.Kind() != metrics.KindUint64 {
		return 0
	}
	return sample[0].Value.Uint64()
}

// patience is how long /stat waits for the classifiers' store. Of those that it has
// no answer of the counts are 0.
const patience = time.Second

// learnedBy is what the Learner and the Classifiers know.
func (h *handler) learnedBy(ctx context.Context) []winnow.ClassifierState {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	list, err := h.teacher.LearnedBy(ctx)
	if err != nil {
		h.log.Debug("what classifiers learned is not known", "error", err)
	}
	return list
}

// describe is a classifier as Rspamd describes one.
func describe(st winnow.ClassifierState) classifier {
	c := classifier{Name: st.Name, Type: "binary", PerUser: st.PerUser}
	if len(st.Classes) > 2 {
		c.Type = "multi-class"
	}
	return c
}

// taught adds what is learned.
func (s *statReply) taught(list []winnow.ClassifierState) {
	for _, st := range list {
		kind := "redis"
		if st.Learner {
			kind = "winnow"
		}
		for i, class := range st.Classes {
			n := int(st.Lessons[class])
			s.TotalLearns += n
			s.Statfiles = append(s.Statfiles, statfile{Revision: n, Symbol: st.Symbols[i], Type: kind, Classifier: describe(st), Class: class})
		}
	}
}

// classifiers answers /bayes/classifiers.
func (h *handler) classifiers(w http.ResponseWriter, r *http.Request) {
	if !allow(w, r, http.MethodGet, http.MethodHead, http.MethodPost) {
		return
	}
	list := []classifier{}
	if h.teacher != nil {
		for _, st := range h.learnedBy(r.Context()) {
			c := describe(st)
			c.Classes = st.Classes
			list = append(list, c)
		}
	}
	b, err := json.Marshal(map[string]any{"classifiers": list})
	if err != nil {
		fail(w, http.StatusInternalServerError, "%v", err)
		return
	}
	reply(w, http.StatusOK, "application/json", b)
}
