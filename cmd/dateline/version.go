package main

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"
)

type versionCmd struct {
	extractionSettings
}

func (versionCmd) Help() string {
	return `The extraction's version is a hash of models, word lists and rules. It is stored with each record, so that records of another version are known to need another pass.`
}

func (c *versionCmd) run(ctx context.Context, p *process) error {
	x, err := newEngine(ctx, &c.extractionSettings)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(p.out, "dateline    %s\nextraction  %s\ngo          %s %s/%s\n", programVersion(), x.Version(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return err
}

// programVersion is the module's version, or the commit that a checkout was built from.
func programVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return v
	}
	version := "devel"
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			version += "-" + s.Value[:min(12, len(s.Value))]
		case s.Key == "vcs.modified" && s.Value == "true":
			version += "-modified"
		}
	}
	return version
}
