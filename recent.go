package winnow

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/winnowmail/winnow/bayes"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/statistics"
	"github.com/winnowmail/winnow/mail"
)

// LearnRecent is Learn for a message of a recent scan, without the message: id
// is its Message-ID, its queue ID or its bayes.Digest. What the scan saw is
// learned, for the user whom that scan was for unless LearnOptions name
// another; Seeds have no meaning. If no recent scan has the id the error is
// bayes.ErrNoScan. Only the Learner is taught: Options.Classifiers need the
// message itself.
func (s *Scanner) LearnRecent(ctx context.Context, id string, class bayes.Class, o LearnOptions) (bayes.LearnResult, error) {
	if s.opt.Learner != nil && !s.learnerTakes(class, o.Classifier) {
		return bayes.LearnResult{}, fmt.Errorf("%w: %q of classifier %q", ErrNoClass, class, o.Classifier)
	}
	l, err := s.recentLesson(ctx, id, o)
	if err != nil {
		return bayes.LearnResult{}, err
	}
	l.Class = class
	return s.teach(ctx, l)
}

// UnlearnRecent is Unlearn for a message of a recent scan.
func (s *Scanner) UnlearnRecent(ctx context.Context, id string, o LearnOptions) (bayes.LearnResult, error) {
	l, err := s.recentLesson(ctx, id, o)
	if err != nil {
		return bayes.LearnResult{}, err
	}
	return s.takeBack(ctx, l)
}

func (s *Scanner) recentLesson(ctx context.Context, id string, o LearnOptions) (bayes.Lesson, error) {
	if s.opt.Learner == nil {
		return bayes.Lesson{}, ErrNoLearner
	}
	if err := s.enter(); err != nil {
		return bayes.Lesson{}, err
	}
	defer s.exit()
	seen, err := s.opt.Learner.Recall(ctx, id)
	if err != nil {
		return bayes.Lesson{}, fmt.Errorf("winnow: %w", err)
	}
	return lessonOf(seen, o), nil
}

// lessonOf makes a lesson of what was seen in a scan.
func lessonOf(seen bayes.Seen, o LearnOptions) bayes.Lesson {
	l := bayes.Lesson{Message: seen.Message, Features: seen.Features, Source: o.Source, User: o.User}
	if l.User == "" {
		l.User = seen.User
	}
	return l
}

// scannedBefore returns what was seen of a message that was scanned recently. An
// archive's messages were not, and a store that fails is one without scans.
func (s *Scanner) scannedBefore(ctx context.Context, m *mail.Message, source bayes.Source) (bayes.Seen, bool) {
	if source == bayes.Import {
		return bayes.Seen{}, false
	}
	seen, err := s.opt.Learner.Recall(ctx, bayes.Digest(m))
	if err != nil && !errors.Is(err, bayes.ErrNoScan) {
		s.opt.Log.Debug("no recent scan", "error", err)
	}
	return seen, err == nil
}

// keep has the Learner keep what a scan saw.
func (s *scan) keep(res *Result) {
	learner := s.scanner.opt.Learner
	if learner == nil || s.step != checks.Data || s.rerun != nil || s.skipped {
		return
	}
	f, ok := statistics.Features.From(res)
	if !ok {
		return
	}
	j, ok := res.Judgement()
	if !ok {
		return
	}
	seen := bayes.Seen{
		Message: bayes.Digest(res.msg), QueueID: short(res.msg.Envelope().QueueID), Time: res.Time, User: short(s.user()),
		Features: f.Features, LogOdds: j.LogOdds,
	}
	if ids := mail.ParseMessageIDs(res.msg.Header().Value("Message-ID")); len(ids) > 0 {
		seen.MessageID = short(ids[0])
	}
	if seen.Unsure() {
		if from := res.msg.From(); len(from) > 0 {
			seen.From = short(from[0].Addr)
		}
		seen.Subject = short(res.msg.Header().Text("Subject"))
	}
	learner.Keep(seen)
}

// short returns a copy that keeps no message in memory, of a length that an honest
// one has.
func short(s string) string {
	const most = 300
	return strings.Clone(s[:min(len(s), most)])
}
