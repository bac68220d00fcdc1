package controller

import (
	"cmp"
	"context"
	"errors"
	"net/http"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/bayes"
	"github.com/winnowmail/winnow/mail"
)

// A Teacher takes lessons: a *winnow.Scanner or *winnow.Live with a Learner or with
// Classifiers.
type Teacher interface {
	Learn(ctx context.Context, m *winnow.Message, class bayes.Class, o winnow.LearnOptions) (bayes.LearnResult, error)
	LearnRecent(ctx context.Context, id string, class bayes.Class, o winnow.LearnOptions) (bayes.LearnResult, error)
	// Learned tells what the Learner knows, LearnedBy what it and the Classifiers do.
	Learned() bayes.Stats
	LearnedBy(ctx context.Context) ([]winnow.ClassifierState, error)
}

// learn answers /learnspam, /learnham and /learnclass as Rspamd 4.1.6 does: 200
// with {"success": true}, 208 for a message that was learned in this class before,
// 204 for one with too little text. Without a body the request is about a recent
// scan, which Queue-Id, Message-Id or Digest names.
func (h *handler) learn(w http.ResponseWriter, r *http.Request) {
	if h.teacher == nil {
		fail(w, http.StatusNotFound, "nothing is learned here")
		return
	}
	if !allow(w, r, http.MethodPost) {
		return
	}
	class := lessonClass(r)
	if class == "" {
		fail(w, http.StatusBadRequest, "Class header is required for multiclass learning")
		return
	}
	classifier := r.Header.Get("Classifier")
	header := r.Header.Clone()
	header.Del("Class") // lessonClass read these two
	header.Del("Classifier")
	id := recentID(header)
	req, ok := h.read(w, r, header)
	if !ok {
		return
	}
	var res bayes.LearnResult
	options := winnow.LearnOptions{Classifier: classifier, User: req.owner}
	err := h.withBody(w, r, req, func() (err error) {
		switch {
		case len(req.head) > 0:
			res, err = h.teacher.Learn(r.Context(), &req.message, class, options)
		case id != "":
			res, err = h.teacher.LearnRecent(r.Context(), id, class, options)
		default:
			err = errNoBody
		}
		return err
	})
	switch {
	case errors.Is(err, winnow.ErrNoClass):
		fail(w, http.StatusNotFound, "class '%s' is not defined in classifier %s", class, cmp.Or(classifier, "(any)"))
	case errors.Is(err, errNoBody):
		fail(w, http.StatusBadRequest, "Empty body is not permitted")
	case errors.Is(err, bayes.ErrNoScan):
		fail(w, http.StatusNotFound, "no recent scan has the id %s", id)
	case errors.Is(err, bayes.ErrNotReady):
		fail(w, http.StatusServiceUnavailable, "%v", err)
	case err != nil:
		h.answer(w, r, req, nil, err)
	default:
		h.answerLesson(w, class, res, req, id)
	}
}

// errNoBody is of a lesson without a message.
var errNoBody = errors.New("controller: a lesson without a message")

// recentID takes what names a recent scan out of a request's headers; the queue ID
// belongs to the envelope as well.
func recentID(header http.Header) string {
	id := header.Get("Queue-Id")
	for _, name := range []string{"Message-Id", "Digest"} {
		if v := header.Get(name); v != "" {
			id = v
		}
		header.Del(name)
	}
	return id
}

func (h *handler) answerLesson(w http.ResponseWriter, class bayes.Class, res bayes.LearnResult, req *request, id string) {
	switch res.Outcome {
	case bayes.Already:
		if len(req.head) > 0 {
			id = "<" + messageID(req.head) + ">"
		}
		fail(w, http.StatusAlreadyReported, "%s has been already learned as %s, ignore it", id, class)
	case bayes.TooFew:
		w.WriteHeader(http.StatusNoContent)
	case bayes.Refused:
		fail(w, http.StatusForbidden, "%s", res.Reason)
	default:
		h.counters.lesson()
		reply(w, http.StatusOK, "application/json", withWarnings([]byte(`{"success":true}`), req.warnings))
	}
}

// messageID is the Message-ID of a message whose beginning is given.
func messageID(head []byte) string {
	m := mail.Parse(head, mail.Envelope{}, mail.Limits{})
	if ids := mail.ParseMessageIDs(m.Header().Value("Message-ID")); len(ids) > 0 {
		return ids[0]
	}
	return "undef"
}

// lessonClass is what a request wants a message to be learned as, "" if it does not
// say so.
func lessonClass(r *http.Request) bayes.Class {
	switch r.URL.Path {
	case "/learnspam":
		return bayes.Spam
	case "/learnham":
		return bayes.Ham
	}
	return bayes.Class(r.Header.Get("Class"))
}
