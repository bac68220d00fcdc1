package controller

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/bayes"
)

// A Teacher takes lessons: a *winnow.Scanner or *winnow.Live with a Learner.
type Teacher interface {
	Learn(ctx context.Context, m *winnow.Message, class bayes.Class, o winnow.LearnOptions) (bayes.LearnResult, error)
}

// learn answers /learnspam, /learnham and /learnclass as Rspamd 4.1.6 does: 200
// with {"success": true}, 208 for a message that was learned in this class before,
// 204 for one with too little text.
func (h *handler) learn(w http.ResponseWriter, r *http.Request) {
	if h.teacher == nil {
		fail(w, http.StatusNotFound, "nothing is learned here")
		return
	}
	if !allow(w, r, http.MethodPost) {
		return
	}
	class, err := lessonClass(r)
	if err != nil {
		status := http.StatusNotFound
		if errors.Is(err, errNoClass) {
			status = http.StatusBadRequest
		}
		fail(w, status, "%v", err)
		return
	}
	header := r.Header.Clone()
	header.Del("Class") // lessonClass read these two
	header.Del("Classifier")
	req, ok := h.read(w, r, header)
	if !ok {
		return
	}
	var res bayes.LearnResult
	err = h.withBody(w, r, req, func() (err error) {
		res, err = h.teacher.Learn(r.Context(), &req.message, class, winnow.LearnOptions{})
		return err
	})
	if err != nil {
		h.answer(w, r, req, nil, err)
		return
	}
	answerLesson(w, class, res, req.warnings)
}

func answerLesson(w http.ResponseWriter, class bayes.Class, res bayes.LearnResult, warnings []string) {
	switch res.Outcome {
	case bayes.Already:
		fail(w, http.StatusAlreadyReported, "the message has been already learned as %s, ignore it", class)
	case bayes.TooFew:
		w.WriteHeader(http.StatusNoContent)
	case bayes.Refused:
		fail(w, http.StatusForbidden, "%s", res.Reason)
	default:
		reply(w, http.StatusOK, "application/json", withWarnings([]byte(`{"success":true}`), warnings))
	}
}

// errNoClass is of /learnclass without the header.
var errNoClass = errors.New("the Class header is missing")

// lessonClass is what a request wants a message to be learned as.
func lessonClass(r *http.Request) (bayes.Class, error) {
	class := r.Header.Get("Class")
	switch r.URL.Path {
	case "/learnspam":
		class = "spam"
	case "/learnham":
		class = "ham"
	case "/learnclass":
		if class == "" {
			return "", errNoClass
		}
	}
	name := r.Header.Get("Classifier")
	if name != "" && name != "bayes" || class != "spam" && class != "ham" {
		if name == "" {
			name = "(any)"
		}
		return "", fmt.Errorf("class '%s' is not defined in classifier %s", class, name)
	}
	return bayes.Class(class), nil
}
