package archives_test

import (
	"testing"

	"github.com/winnowmail/winnow/checks/archives"
	"github.com/winnowmail/winnow/checks/checktest"
)

func TestFixtures(t *testing.T) { checktest.Run(t, archives.New(archives.Options{})) }
