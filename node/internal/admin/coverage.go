package admin

import (
	"fmt"
	"net/http"

	"tvilling/protocol"
	"tvilling/protocol/admin"
	"tvilling/raftfsm/command"
)

// maxCoverageBytes bounds a table of coverage as it is put.
const maxCoverageBytes = 2 << 20

// A table that can be told of can be written.
const (
	_ = uint(command.MaxCoverage - protocol.MaxCoverageRows)
	_ = uint(command.MaxTitleBytes - protocol.MaxNameBytes)
)

func (e *endpoint) coverage(*http.Request) (any, error) {
	rows, err := e.State.Coverage()
	if err != nil {
		return nil, fmt.Errorf("reading the table of coverage: %w", err)
	}
	table := admin.CoverageTable{Rows: make([]admin.CoverageRow, len(rows))}
	for i, r := range rows {
		table.Rows[i] = admin.CoverageRow{
			CareProvider: r.CareProvider, Name: r.Name, Contract: protocol.Contract(r.Contract).String(),
			Since: protocol.Civil(r.Since).String(), Until: protocol.Civil(r.Until).String(),
		}
	}
	return table, nil
}

func (e *endpoint) putCoverage(r *http.Request) (any, error) {
	var want admin.CoverageTable
	if err := decode(r, &want); err != nil {
		return nil, err
	}
	rows, err := want.Parse()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errRequest, err)
	}
	put := command.PutCoverage{Rows: make([]command.Coverage, len(rows))}
	for i, row := range rows {
		put.Rows[i] = command.Coverage{
			CareProvider: row.CareProvider, Name: row.Name, Contract: uint8(row.Contract),
			Since: int64(row.Since), Until: int64(row.Until),
		}
	}
	return e.act(r.Context(), command.KindPutCoverage, put)
}
