import "reflect-metadata";
import { Controller, type INestApplication, Module, Post, Req, Res } from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import type { Endpoint } from "@postrider/receiver";
import { nestHandler, type NestRequest, type NestResponse } from "@postrider/receiver/nest";

/**
 * Decorators are called as functions here, because Node runs this file without a compiler. With one it reads:
 * `@Post("postbacks") receive(@Req() request, @Res() response) { return nestHandler(endpoint)(request, response); }`
 */
export function nestApp(endpoint: Endpoint, rawBody = true): Promise<INestApplication> {
  class PostbackController {
    receive(request: NestRequest, response: NestResponse): Promise<void> {
      return nestHandler(endpoint)(request, response);
    }
  }
  const method = Object.getOwnPropertyDescriptor(PostbackController.prototype, "receive") ?? {};
  Post("postbacks")(PostbackController.prototype, "receive", method);
  Req()(PostbackController.prototype, "receive", 0);
  Res()(PostbackController.prototype, "receive", 1);
  Controller()(PostbackController);

  // oxlint-disable-next-line typescript/no-extraneous-class -- a Nest module is a class and nothing more
  class AppModule {}
  Module({ controllers: [PostbackController] })(AppModule);
  return NestFactory.create(AppModule, { rawBody, logger: false });
}
