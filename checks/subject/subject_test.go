package subject_test

import (
	"testing"

	"github.com/winnowmail/winnow/checks/checktest"
	"github.com/winnowmail/winnow/checks/subject"
)

func TestFixtures(t *testing.T) { checktest.Run(t, subject.New()) }
