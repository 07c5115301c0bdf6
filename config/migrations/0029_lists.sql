-- Lists of a part of the asset tree: what is open, or in any state, of each asset of it.

CREATE INDEX work_order_asset_state ON work_order (asset_id, state, id DESC);
