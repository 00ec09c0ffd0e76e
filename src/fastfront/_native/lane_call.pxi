# SPDX-License-Identifier: Apache-2.0
# Call: one request in a lane. Part of express.pyx, whose names it uses.

cdef class Call:
    """One request in a lane, from being taken to its end."""

    cdef Lane lane
    cdef object exchange, response, future
    cdef str request_id
    cdef double started, began
    cdef bint over

    def __init__(self, Lane lane, exchange, double began, str request_id):
        self.lane = lane
        self.exchange = exchange
        self.started = exchange.started
        self.began = began
        self.request_id = request_id
        lane.frontend.begin_request()

    # -- to the engine

    cdef bint launch(self, Prepared prepared) except -1:
        """Hand the request to the engine. False, and the call is over, if it did not get there."""
        cdef Lane lane = self.lane
        request = prepared.request
        cdef bint stream = bool(request.stream)
        cdef bint include_usage = lane.force_usage
        cdef bint continuous_usage = lane.force_usage
        cdef double arrival = wall_clock()
        cdef object plan = None
        cdef bytes reasoning = None
        cdef str response_id = lane.id_prefix + (self.request_id or f"{random_bits(64):016x}")
        options = request.stream_options
        if options is not None and not include_usage:
            include_usage = bool(options.include_usage)
            continuous_usage = include_usage and bool(options.continuous_usage_stats)
        if prepared.terms is not None:
            parsing = prepared.terms.settled
            plan, reasoning = prepared.terms.parsing(prepared.prompt) if parsing is None else parsing
        response = Response(
            lane.stream_kind if stream else lane.whole_kind,
            id=response_id,
            model=lane.model_name,
            created=<int64_t>arrival,
            vocab=lane.vocab,
            prompt_token_ids=[prepared.prompt],
            role=lane.role,
            system_fingerprint=lane.system_fingerprint,
            include_usage=include_usage,
            continuous_usage=continuous_usage,
            stop=prepared.sampling.stop,
            min_tokens=request.min_tokens,
            arrival_time=arrival,
            max_tokens=prepared.max_tokens,
            mailbox_limit=lane.mailbox_limit,
            parsers=plan,
        )
        if not self.exchange.hand_over(lane.pump, response, lane.stream_headers if stream else (), stream):
            self.end()
            return False
        self.response = response
        response.on_ready = self
        self.exchange.on_disconnect = self.leave
        payload = encode_add_request(
            response,
            prepared.prompt,
            prepared.sampling.with_max_tokens(prepared.max_tokens),
            response_id + lane.id_suffix,
            arrival_time=arrival,
            client_index=lane.engine.client_index,
            current_wave=lane.engine.current_wave,
            reasoning=reasoning,
        )
        try:
            lane.engine.submit_encoded(response, payload)
        except Exception:
            # The engine is lost, or stopping: the general way has the words for it.
            response.on_ready = None
            self.exchange.take_back()
            self.end()
            return False
        lane.frontend.metrics.requests_started += 1
        lane.pump.observe(STAGE_PREPARE, now() - self.began)
        if stream:
            lane.watch_head(response)
        return True

    cdef end(self):
        self.over = True
        self.exchange.on_disconnect = None
        self.lane.frontend.end_request()

    # -- long prompts: through the pool

    cdef send_off(self, work, argument):
        self.exchange.on_disconnect = self.leave
        try:
            self.future = self.lane.frontend.pool.submit(work, argument)
        except Exception:
            self.decline()  # too many wait: the general way has the words for it
            return
        self.future.add_done_callback(self.wake)

    def wake(self, future):
        try:
            self.lane.loop.call_soon_threadsafe(self.resume)
        except RuntimeError:
            pass  # the loop is closed: nobody is left to hear of it

    def resume(self):
        if self.over:
            return
        try:
            prepared = self.future.result()
        except Exception:
            prepared = None
        self.future = None
        if prepared is None or not self.lane.frontend.is_ready or not self.launch(prepared):
            self.decline()

    cdef decline(self):
        if not self.over:
            self.end()
        self.exchange.decline()

    # -- the end

    def __call__(self):
        """The pump has written the whole response, or cannot."""
        response = self.response
        if response.delivered:
            self.finish(response.http_status, True)
        elif response.overflowed:
            self.lane.on_slow_reader()
            self.finish(CLIENT_CLOSED, False)
        elif response.lost:
            self.finish(CLIENT_CLOSED, False)

    def leave(self):
        """The client has gone."""
        if self.future is not None:
            self.future.cancel()
        self.finish(CLIENT_CLOSED, False)

    cdef finish(self, int status, bint whole):
        cdef Lane lane = self.lane
        if self.over:
            return
        cdef Py_ssize_t size = 0
        response = self.response
        self.response = None
        if response is not None:
            response.on_ready = None
            size = response.content_length
            if whole:
                lane.engine.forget(response)
            else:
                lane.engine.abort(response)  # before the connection is anybody else's
        self.end()
        if response is not None:
            self.exchange.hand_back(status, whole)
        lane.observe(status, lane.loop.time() - self.started, content_length(self.exchange.headers), size)
