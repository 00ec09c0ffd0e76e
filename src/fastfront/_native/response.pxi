# SPDX-License-Identifier: Apache-2.0
# Response, part of pump.pyx: one HTTP response of the native reply path as a Python object.

cdef class Response:
    cdef shared_ptr[core.CppResponse] ptr
    cdef string taken  # the other half of the mailbox's double buffer
    cdef Pump pump  # while the pump waits for its outputs
    cdef public object on_ready
    cdef readonly list wire_ids
    cdef readonly str id
    cdef readonly Py_ssize_t n
    cdef object __weakref__

    def __init__(
        self,
        int kind,
        *,
        str id,
        str model,
        int64_t created,
        Vocab vocab,
        list prompt_token_ids,
        Py_ssize_t n=1,
        str role="assistant",
        roles=(),
        system_fingerprint=None,
        bint include_usage=False,
        bint continuous_usage=False,
        stop=(),
        bint include_stop_str_in_output=False,
        Py_ssize_t min_tokens=0,
        bint skip_special_tokens=True,
        bint spaces_between_special_tokens=True,
        double arrival_time=0.0,
        max_tokens=None,
        Py_ssize_t mailbox_limit=0,
        ParserPlan parsers=None,
        details=None,
        int watermark=0,
        Vocab token_names=None,
    ):
        if not 0 <= kind <= KIND_COMPLETION or n < 1 or not prompt_token_ids or min_tokens < 0 or mailbox_limit < 0:
            raise ValueError("kind, n, prompt_token_ids, min_tokens or mailbox_limit is out of range")
        if not 0 <= watermark <= WATERMARK_DECLINED:
            raise ValueError("watermark is out of range")
        cdef core.ResponseSpec spec
        spec.options.kind = <core.ResponseKind>kind
        spec.options.id = utf8(id)
        spec.options.model = utf8(model)
        spec.options.created = created
        spec.options.role = utf8(role)
        for each in roles:
            spec.options.roles.push_back(utf8(each))
        spec.options.system_fingerprint = utf8(system_fingerprint or "")
        spec.options.include_usage = include_usage
        spec.options.continuous_usage = continuous_usage
        spec.n = n
        spec.arrival_time = arrival_time
        spec.max_tokens = -1 if max_tokens is None else max_tokens
        spec.mailbox_limit = mailbox_limit
        spec.watermark = <stats.Watermark>watermark

        cdef shared_ptr[core.PipelineOptions] pipeline = make_shared[core.PipelineOptions]()
        cdef vector[string] stops
        for text in stop:
            stops.push_back(utf8(text))
        deref(pipeline).stops = core.StopMatcher(stops)
        deref(pipeline).include_stop_str_in_output = include_stop_str_in_output
        deref(pipeline).min_tokens = min_tokens
        deref(pipeline).keep_all_text = kind == KIND_CHAT or kind == KIND_COMPLETION
        if parsers is not None:
            if kind != KIND_CHAT and kind != KIND_CHAT_STREAM:
                raise ValueError("only chats are parsed")
            spec.parsers = parsers.ptr
            deref(pipeline).shown_specials = deref(parsers.ptr).shown_specials
            deref(pipeline).keep_all_text = False  # the parser takes the text as it comes
        if details is not None:
            if token_names is None:
                token_names = vocab
            if token_names is None and (details.logprobs or details.prompt_logprobs):
                raise ValueError("logprobs take a vocabulary")
            spec.details = <shared_ptr[const core.DetailsOptions]>details_options(kind, details, token_names)
            deref(pipeline).stream_interval = details.stream_interval
        spec.pipeline = <shared_ptr[const core.PipelineOptions]>pipeline

        cdef DetokenizerOptions detokenizer
        detokenizer.skip_special_tokens = skip_special_tokens
        detokenizer.spaces_between_special_tokens = spaces_between_special_tokens
        cdef core.PromptInfo prompt
        for token_ids in prompt_token_ids:
            prompt = core.PromptInfo()
            if type(token_ids) is EncodedPrompt:
                prompt.token_count = (<EncodedPrompt>token_ids).encoded.count
                if vocab is not None:
                    prime_encoded(prompt, vocab.ptr, detokenizer, <EncodedPrompt>token_ids)
            elif type(token_ids) is int:
                if token_ids < 0:
                    raise ValueError("a prompt has no fewer than 0 tokens")
                prompt.token_count = token_ids
                if vocab is not None:
                    prime(prompt, vocab.ptr, detokenizer, [])
            else:
                prompt.token_count = len(token_ids)
                if vocab is not None:
                    prime(prompt, vocab.ptr, detokenizer, token_ids)
            spec.prompts.push_back(prompt)

        self.ptr = make_shared[core.CppResponse](spec)
        self.on_ready = None
        self.id = id
        self.n = n
        self.wire_ids = [wire_id_text(deref(self.ptr).wire_id(i)) for i in range(<Py_ssize_t>deref(self.ptr).choice_count())]

    def take(self) -> bytes:
        deref(self.ptr).take(self.taken)
        return to_bytes(self.taken)

    @property
    def pending(self) -> int:
        return deref(self.ptr).pending()

    @property
    def finished(self) -> bool:
        return deref(self.ptr).finished()

    @property
    def overflowed(self) -> bool:
        return deref(self.ptr).overflowed()

    @property
    def delivered(self) -> bool:
        return deref(self.ptr).delivered()

    @property
    def http_status(self) -> int:
        return deref(self.ptr).http_status()

    @property
    def content_length(self) -> int:
        return deref(self.ptr).content_length()

    @property
    def lost(self) -> bool:
        return deref(self.ptr).lost()

    @property
    def error(self):
        cdef string json
        cdef int status = deref(self.ptr).error(json)
        return None if status == 0 else (status, to_bytes(json))

    def times(self) -> list:
        return [times_of(deref(self.ptr).times_of(i)) for i in range(<Py_ssize_t>deref(self.ptr).choice_count())]

    def take_deltas(self) -> list:
        cdef vector[core.RawDelta] deltas = deref(self.ptr).take_deltas()
        result = []
        cdef size_t i
        for i in range(deltas.size()):
            finish = None if deltas[i].finish_reason == core.FinishReason.none else <int>deltas[i].finish_reason
            if deltas[i].stop_kind == core.StopReasonKind.token:
                reason = deltas[i].stop_token
            elif deltas[i].stop_kind == core.StopReasonKind.text:
                reason = to_bytes(deltas[i].stop_text).decode("utf-8", "replace")
            else:
                reason = None
            result.append((deltas[i].choice, <list>deltas[i].token_ids, finish, reason))
        return result

    def feed(self, Py_ssize_t choice, token_ids, list texts, finish, stop_reason, bytes logprobs not None=b"") -> None:
        if not 0 <= choice < <Py_ssize_t>deref(self.ptr).choice_count():
            raise ValueError(f"there is no choice {choice}")
        if self.pump is None:
            return  # removed or over: nobody reads it any more
        cdef vector[string] pieces
        for text in texts:
            pieces.push_back(utf8(text))
        cdef core.FinishReason reason = core.FinishReason.none if finish is None else <core.FinishReason><int>finish
        cdef core.StopReason stop
        cdef string stop_text
        if isinstance(stop_reason, int):
            stop.kind = core.StopReasonKind.token
            stop.token = stop_reason
        elif stop_reason is not None:
            stop_text = utf8(stop_reason)
            stop.kind = core.StopReasonKind.text
            stop.text = string_view(stop_text.data(), stop_text.size())
        cdef vector[uint32_t] ids = token_ids
        deref(self.pump.ptr).feed(
            self.ptr,
            choice,
            core.token_span(ids.data(), ids.size()),
            core.text_span(pieces.data(), pieces.size()),
            reason,
            stop,
            string_view(PyBytes_AS_STRING(logprobs), PyBytes_GET_SIZE(logprobs)),
        )

    def take_steps(self) -> list:
        cdef vector[core.UnparsedStep] steps = deref(self.ptr).take_steps()
        return [
            (steps[i].choice, to_bytes(steps[i].text).decode("utf-8", "replace"), <list>steps[i].token_ids, steps[i].ends)
            for i in range(<Py_ssize_t>steps.size())
        ]

    def give_pieces(self, Py_ssize_t choice, pieces) -> None:
        if not 0 <= choice < <Py_ssize_t>deref(self.ptr).choice_count():
            raise ValueError(f"there is no choice {choice}")
        cdef parsers.Pieces given
        fill_pieces(given, pieces)
        if self.pump is not None:  # else removed or over: nobody reads it any more
            deref(self.pump.ptr).give(self.ptr, choice, given)


cdef int fill_pieces(parsers.Pieces& given, pieces) except -1:
    """Take pieces as Python has them; see parse.pyi. Raises ValueError for what is none."""
    cdef string text, more
    for piece in pieces:
        kind = piece[0]
        if kind == "reasoning":
            text = utf8(piece[1])
            given.add_reasoning(string_view(text.data(), text.size()))
        elif kind == "content":
            text = utf8(piece[1])
            given.add_content(string_view(text.data(), text.size()))
        elif kind == "call":
            text, more = utf8(piece[2]), utf8(piece[3])
            given.begin_call(piece[1], string_view(text.data(), text.size()), string_view(more.data(), more.size()))
        elif kind == "arguments":
            text = utf8(piece[2])
            given.add_arguments(piece[1], string_view(text.data(), text.size()))
        else:
            raise ValueError(f"no piece of an answer: {piece!r}")
    return 0
